/** A list of invocations is a Temporal visibility query; what it cannot tell apart is asked of each workflow. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { CommandError } from '../../protocol/errors.js'
import { INVOCATION_STATUSES, type Invocation, type InvocationPage } from '../../protocol/invocation.js'
import { describeIssues } from '../../protocol/issues.js'
import { assertCommandName } from '../../protocol/names.js'
import { PING_COMMAND } from '../../protocol/ping.js'
import { strictObject } from '../../protocol/strict-object.js'
import { wholeNumberText } from '../../protocol/told-rules.js'
import { findDeployment } from '../identity/find-deployment.js'
import type { ApiKeyCall } from '../route.js'
import { readInvocation } from './read.js'
import { Waits } from './waiting.js'
import { needsCommandNames, visibilityQuery } from './visibility.js'

const querySchema = strictObject({
  deployment: z.string().optional(),
  command: z.string().optional(),
  status: z.enum(INVOCATION_STATUSES).optional(),
  limit: wholeNumberText(1, 100).default(20),
  cursor: z.base64url().max(4_000).optional(),
})

type ListQuery = z.output<typeof querySchema>

/**
 * Newest first. A page filtered by status may be shorter than `limit` and still have a cursor.
 *
 * @throws {CommandError} `invalid_request`, `deployment_not_found`
 */
export async function listInvocations(call: ApiKeyCall, query: unknown): Promise<InvocationPage> {
  const parsed = querySchema.safeParse(query)
  if (!parsed.success) throw new CommandError('invalid_request', `bad query: ${describeIssues(parsed.error)}`)
  const { status, limit, cursor } = parsed.data
  const { reader, namespace } = call.deps.temporal
  const visibility = await visibilityOf(call, parsed.data)
  const { executions, nextPageToken } = await reader.workflowService.listWorkflowExecutions({
    namespace,
    pageSize: limit,
    query: visibility,
    ...(cursor === undefined ? {} : { nextPageToken: pageToken(cursor, visibility) }),
  })
  const ids = executions.map(({ execution }) => execution?.workflowId ?? '')
  const waits = new Waits(call.deps, { counts: true })
  const found = await Promise.all(ids.map((id) => readUnlessGone(call, id, waits)))
  const invocations = found.filter((one) => one !== undefined).filter((one) => (status ?? one.status) === one.status)
  return { invocations, ...(nextPageToken.length === 0 ? {} : { cursor: cursorOf(nextPageToken, visibility) }) }
}

const CHECK_BYTES = 8

/**
 * A cursor is Temporal's page token behind a check that ties it to its list: Temporal takes a token that it cannot read
 * for a passing trouble of its own, and one of another list for a place in this one.
 */
function cursorOf(token: Uint8Array, visibility: string): string {
  return Buffer.concat([checkOf(token, visibility), token]).toString('base64url')
}

/** @throws {CommandError} `invalid_request` */
function pageToken(cursor: string, visibility: string): Uint8Array {
  const bytes = Buffer.from(cursor, 'base64url')
  const token = bytes.subarray(CHECK_BYTES)
  if (bytes.subarray(0, CHECK_BYTES).equals(checkOf(token, visibility))) return token
  throw new CommandError(
    'invalid_request',
    'bad query: cursor: not one that a list with these filters gave; repeat its filters, or list without a cursor',
  )
}

const checkOf = (token: Uint8Array, visibility: string): Buffer =>
  createHash('sha256').update(visibility).update('\0').update(token).digest().subarray(0, CHECK_BYTES)

/** Visibility lags behind: what it lists may have reached the end of its retention. Nor need the key cover it. */
async function readUnlessGone(call: ApiKeyCall, id: string, waits: Waits): Promise<Invocation | undefined> {
  try {
    return await readInvocation(call, id, { withResult: false, waits })
  } catch (error) {
    if (error instanceof CommandError && error.code === 'invocation_not_found') return undefined
    throw error
  }
}

async function visibilityOf(call: ApiKeyCall, { deployment, command, status }: ListQuery): Promise<string> {
  const { access } = call.caller
  const { deployments, manifests } = call.deps.registry
  const name = deployment === undefined ? undefined : (await findDeployment(call, deployment)).name
  if (command !== undefined && command !== PING_COMMAND) assertCommandName(command)
  return visibilityQuery({ deployment: name, command, status }, access, {
    deployments: access.everyDeployment || name !== undefined ? [] : await deployments.list(),
    commands: needsCommandNames(access) && command === undefined ? await manifests.commandNames() : [],
  })
}
