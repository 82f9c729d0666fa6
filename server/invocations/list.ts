/** A list of invocations is a Temporal visibility query; what it cannot tell apart is asked of each workflow. */
import { z } from 'zod'
import { CommandError } from '../../protocol/errors.js'
import { INVOCATION_STATUSES, type Invocation, type InvocationStatus } from '../../protocol/invocation.js'
import { describeIssues } from '../../protocol/issues.js'
import { assertCommandName, INVOKE_COMMAND_WORKFLOW } from '../../protocol/names.js'
import { readInvocation } from './read.js'
import type { InvocationDeps } from './service.js'

export interface InvocationPage {
  /** Without results: those may be large, and are had one by one. */
  readonly invocations: readonly Invocation[]
  /** Gets the next page; absent on the last. */
  readonly cursor?: string
}

const querySchema = z.strictObject({
  deployment: z.string().optional(),
  command: z.string().optional(),
  status: z.enum(INVOCATION_STATUSES).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.base64url().max(4_000).optional(),
})

type ListQuery = z.output<typeof querySchema>

/** Temporal knows fewer states than our users; each invocation's own state sorts out the rest. */
const EXECUTION_STATUSES: Record<InvocationStatus, string> = {
  queued: "'Running'",
  running: "'Running'",
  succeeded: "'Completed'",
  failed: "'Failed', 'Terminated', 'TimedOut'",
  canceled: "'Canceled'",
  expired: "'Failed'",
}

/**
 * Newest first. A page filtered by status may be shorter than `limit` and still have a cursor.
 *
 * @throws {CommandError} `invalid_request`, `deployment_not_found`
 */
export async function listInvocations(deps: InvocationDeps, query: unknown): Promise<InvocationPage> {
  const parsed = querySchema.safeParse(query)
  if (!parsed.success) throw new CommandError('invalid_request', `bad query: ${describeIssues(parsed.error)}`)
  const { status, limit, cursor } = parsed.data
  const { reader, namespace } = deps.temporal
  const { executions, nextPageToken } = await reader.workflowService.listWorkflowExecutions({
    namespace,
    pageSize: limit,
    query: await visibilityQuery(deps, parsed.data),
    ...(cursor === undefined ? {} : { nextPageToken: Buffer.from(cursor, 'base64url') }),
  })
  const ids = executions.map(({ execution }) => execution?.workflowId ?? '')
  const found = await Promise.all(ids.map((id) => readUnlessGone(deps, id)))
  const invocations = found.filter((one) => one !== undefined).filter((one) => (status ?? one.status) === one.status)
  const next = Buffer.from(nextPageToken).toString('base64url')
  return { invocations, ...(next === '' ? {} : { cursor: next }) }
}

/** Visibility lags behind: what it lists may have reached the end of its retention. */
async function readUnlessGone(deps: InvocationDeps, id: string): Promise<Invocation | undefined> {
  try {
    return await readInvocation(deps, id, { withResult: false })
  } catch (error) {
    if (error instanceof CommandError && error.code === 'invocation_not_found') return undefined
    throw error
  }
}

/** Both values are checked before they are quoted: neither a deployment's name nor a command's has a quote in it. */
async function visibilityQuery(
  { registry }: InvocationDeps,
  { deployment, command, status }: ListQuery,
): Promise<string> {
  const terms = [`WorkflowType = '${INVOKE_COMMAND_WORKFLOW}'`]
  if (deployment !== undefined) {
    const { name } = await registry.deployments.find(deployment)
    terms.push(`AlienDeployment = '${name}'`)
  }
  if (command !== undefined) {
    assertCommandName(command)
    terms.push(`AlienCommand = '${command}'`)
  }
  if (status !== undefined) terms.push(`ExecutionStatus IN (${EXECUTION_STATUSES[status]})`)
  return terms.join(' AND ')
}
