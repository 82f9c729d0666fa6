/** `/v1/audit`: who did what. */
import { z } from 'zod'
import { AUDIT_OUTCOMES, type AuditPage, type AuditRecord } from '../../protocol/audit.js'
import { CommandError } from '../../protocol/errors.js'
import { describeIssues } from '../../protocol/issues.js'
import { wholeNumberText } from '../../protocol/told-rules.js'
import type { Access } from '../identity/access.js'
import type { ApiKeyCall, Route } from '../route.js'

export const AUDIT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/audit',
    credential: 'api-key',
    scope: 'admin',
    action: 'audit.list',
    mutates: false,
    handle: list,
  },
]

/** Anything that can be in a record. PostgreSQL takes offense at a zero byte. */
const word = z.string().regex(/^\P{Cc}{1,100}$/u, 'must be 1 to 100 characters, none of them a control character')

const instant = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], 'must be a date or a time, like "2030-01-31T12:00:00Z"')
  .transform((text) => new Date(text))

const querySchema = z.strictObject({
  deployment: word.optional(),
  action: word.optional(),
  actor: word.optional(),
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  from: instant.optional(),
  to: instant.optional(),
  limit: wholeNumberText(1, 1_000).default(100),
  cursor: z
    .string()
    .regex(/^aud_[0-9a-f]{26}$/, 'not one that a list of records gave')
    .optional(),
})

/** Newest first. */
async function list({ deps, caller: { access }, request, response }: ApiKeyCall): Promise<void> {
  const parsed = querySchema.safeParse(request.query)
  if (!parsed.success) throw new CommandError('invalid_request', `bad query: ${describeIssues(parsed.error)}`)
  const { limit, cursor, ...filter } = parsed.data
  // With what this very process has not written yet.
  await deps.audit.flush()
  const found = await deps.registry.audit.list({ ...filter, before: cursor, ...access.patterns }, limit)
  const last = found.length === limit ? found.at(-1) : undefined
  const page: AuditPage = {
    records: found.filter((record) => sees(access, record)),
    ...(last === undefined ? {} : { cursor: last.id }),
  }
  response.json(page)
}

function sees(access: Access, { deploymentId, deploymentName, command }: AuditRecord): boolean {
  if (!access.everyDeployment && !access.seesDeployment({ id: deploymentId ?? '', name: deploymentName ?? '' })) {
    return false
  }
  return command === null || access.seesCommand(command)
}
