/** What handler runtimes of push deployments report: heartbeats, and what an attempt came to. */
import type { Client } from '@temporalio/client'
import { setTimeout as delay } from 'node:timers/promises'
import {
  attemptHeartbeatSchema,
  attemptResponseSchema,
  type AttemptResponse,
  type HeartbeatAnswer,
  type ResponseAnswer,
} from '../../protocol/attempt-response.js'
import { CommandError } from '../../protocol/errors.js'
import { describeIssues } from '../../protocol/issues.js'
import { RESPONSE_SIGNAL } from '../../protocol/names.js'
import { assertCheckpoint, responseJson } from '../../protocol/readable-response.js'
import { isWorkflowNotFound } from '../../temporal/failure.js'
import { jsonPayload } from '../../temporal/json-payload.js'
import { batchOf } from '../events/receive.js'
import { isCancelRequested, newestAttempt } from '../invocations/pending-attempt.js'
import { recordHeartbeat } from '../invocations/record-heartbeat.js'
import type { EventBatch } from '../registry/invocation-events.js'
import type { RuntimeCall } from '../route.js'

/** What the registry may take of the answer to a response. */
const EVENTS_WITHIN_MS = 2_000

/** `PUT /v1/invocations/{id}/response`. */
export async function receiveResponse({ deps, caller, request, response, record }: RuntimeCall): Promise<void> {
  const parsed = attemptResponseSchema.safeParse(request.body)
  if (!parsed.success) throw new CommandError('invalid_request', `bad response: ${describeIssues(parsed.error)}`)
  const { events, ...body } = parsed.data
  assertOwn(body.attempt, caller.attempt)
  const { invocationId, workflowRunId } = caller
  const payload = jsonPayload(responseJson(body as AttemptResponse))
  const said = saidOf(caller, events)
  if (said !== undefined) await keepUnlessAway(deps, said)
  let answer: ResponseAnswer = { recorded: true }
  try {
    await deps.temporal.reader.workflow.getHandle(invocationId, workflowRunId).signal(RESPONSE_SIGNAL, payload)
  } catch (error) {
    if (!isWorkflowNotFound(error)) throw error
    // Nobody shall try again: that is how it is.
    answer = { recorded: false, reason: 'late' }
  }
  record(answer.recorded ? 'response' : 'late-response')
  response.json(answer)
}

/** `POST /v1/invocations/{id}/heartbeat`. */
export async function receiveHeartbeat({ deps, caller, request, response }: RuntimeCall): Promise<void> {
  const parsed = attemptHeartbeatSchema.safeParse(request.body)
  if (!parsed.success) throw new CommandError('invalid_request', `bad heartbeat: ${describeIssues(parsed.error)}`)
  const { attempt, events, ...details } = parsed.data
  assertOwn(attempt, caller.attempt)
  if (details.checkpoint !== undefined) assertCheckpoint(details.checkpoint)
  const said = saidOf(caller, events)
  const { reader } = deps.temporal
  const heard = await recordHeartbeat(reader, caller, details)
  // Only now: an attempt is not to be taken for lost because the registry is away. What it said comes again then.
  if (said !== undefined) await deps.feed.append([said])
  const answer: HeartbeatAnswer =
    heard === 'not_open'
      ? await withoutActivity(reader, caller)
      : { cancelRequested: heard === 'cancel_requested', final: false }
  response.json(answer)
}

/** @throws {CommandError} `permission_denied` */
function assertOwn(attempt: number, own: number): void {
  if (attempt === own) return
  throw new CommandError('permission_denied', `this response token is of attempt ${own}, not of attempt ${attempt}`)
}

/** @throws {CommandError} `invalid_request` */
function saidOf(
  { invocationId, attempt }: RuntimeCall['caller'],
  said: { readonly first: number; readonly events: Parameters<typeof batchOf>[0] } | undefined,
): EventBatch | undefined {
  return said && { invocationId, attempt, first: said.first, ...batchOf(said.events, attempt) }
}

/** Before the end, for whoever follows; but an outcome does not wait for a registry that is away, and is not lost for it. */
async function keepUnlessAway({ feed, log }: RuntimeCall['deps'], said: EventBatch): Promise<void> {
  try {
    await Promise.race([feed.append([said]), delay(EVENTS_WITHIN_MS, undefined, { ref: false })])
  } catch (error) {
    log.warn({ err: error }, 'what a handler said at its end is lost')
  }
}

/**
 * An attempt that was given up may still bring the result, as long as the invocation has none. A cancel is asked of the
 * attempt that is open, and meant for it as well. It does not hold that one open: it may be of an earlier run.
 */
async function withoutActivity(
  reader: Client,
  { invocationId, workflowRunId }: RuntimeCall['caller'],
): Promise<HeartbeatAnswer> {
  try {
    const { status, raw } = await reader.workflow.getHandle(invocationId, workflowRunId).describe()
    // Of one that is over, what was open stays as it was.
    if (status.name !== 'RUNNING') return { cancelRequested: false, final: true }
    const open = newestAttempt(raw)
    return { cancelRequested: open !== undefined && isCancelRequested(open.activity), final: false }
  } catch (error) {
    if (isWorkflowNotFound(error)) return { cancelRequested: false, final: true }
    throw error
  }
}
