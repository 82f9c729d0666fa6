/** The bodies of `POST /v1/tokens`, `POST /v1/tokens/:id/rotate` and `POST /v1/sealing-keys/rotate`, checked. */
import { z } from 'zod'
import { parseDuration } from '../../protocol/duration.js'
import { CommandError } from '../../protocol/errors.js'
import { formatDuration } from '../../protocol/format-duration.js'
import { describeIssues } from '../../protocol/issues.js'
import { rightsSchema } from '../../protocol/rights.js'
import { DEFAULT_OVERLAP_MS } from '../../protocol/tokens.js'

const DAY_MS = 86_400_000
const MAX_LIFE_MS = 36_500 * DAY_MS
const MAX_OVERLAP_MS = 30 * DAY_MS

/** For people, in lists, in the audit and in messages. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9 ._@:/+-]{0,99}$/

const nameSchema = z.string().refine((name) => NAME.test(name), {
  error: 'must start with a letter or a digit and have at most 100 letters, digits, spaces, or any of "._@:/+-"',
})

/** How long it is good, or until when. */
const expiresSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  const instant = typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : undefined
  const lifeMs = instant === undefined ? parseDuration(value) : instant - Date.now()
  if (lifeMs !== undefined && lifeMs > 0 && lifeMs <= MAX_LIFE_MS) return new Date(Date.now() + lifeMs)
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(value)} must be a duration up to ${formatDuration(MAX_LIFE_MS)}, like "90d", or a time to come, like "2030-01-31T12:00:00Z"`,
  })
  return z.NEVER
})

const overlapSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  const overlapMs = parseDuration(value)
  if (overlapMs !== undefined && overlapMs <= MAX_OVERLAP_MS) return overlapMs
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(value)} must be a duration up to ${formatDuration(MAX_OVERLAP_MS)}, like "1h"; 0 for none`,
  })
  return z.NEVER
})

const createSchema = z.discriminatedUnion('kind', [
  rightsSchema.extend({ kind: z.literal('api-key'), name: nameSchema, expires: expiresSchema.optional() }),
  z.strictObject({
    kind: z.literal('agent-token'),
    deployment: z.string().min(1),
    name: nameSchema.optional(),
    expires: expiresSchema.optional(),
  }),
])

const rotateSchema = z.strictObject({ overlap: overlapSchema.optional() })

export type TokenRequest = z.output<typeof createSchema>

/** @throws {CommandError} `invalid_request` */
export const parseTokenRequest = (body: unknown): TokenRequest => parse(createSchema, body, 'bad token')

/** How long what is rotated stays good. @throws {CommandError} `invalid_request` */
export const parseOverlapMs = (body: unknown, defaultMs = DEFAULT_OVERLAP_MS): number =>
  parse(rotateSchema, body ?? {}, 'bad rotation').overlap ?? defaultMs

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  throw new CommandError('invalid_request', `${what}: ${describeIssues(parsed.error)}`)
}
