/**
 * Deliveries to a deployment that is pushed to. Each is an activity of the vendor worker, as a pull is one of the agent:
 *
 *   sent ──accepted──► open: the runtime's heartbeats are the activity's ──signal `response`──► what it came to
 *     │                   └── none within the heartbeat time-out ──► lost, and sent again
 *     └── answered at once, or refused
 *
 * The activity stays open, though nobody works on it, because Temporal then watches over the heartbeats without a word in
 * the history, and hands cancels and checkpoints on. The outcome is a signal, because that of an attempt which was given
 * up counts as well, and an activity that is over takes none.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  CancellationScope,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow'
import type { AttemptResponse } from '../protocol/attempt-response.js'
import type { AttemptInput, InvokeCommandInput, PushActivity } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'
import { REPORTING_GRACE_MS } from '../protocol/limits.js'
import { attemptActivityId, DELIVERY_UNCONFIRMED, PUSH_ACTIVITY } from '../protocol/names.js'
import { checkpointOf } from './checkpoint.js'
import { NO_LIMIT_MS, outcomeOf, type Delivery } from './deliver.js'
import type { Responses } from './responses.js'

/** `isUnheard`: nothing was heard of it, so that it may wait in a queue, or have run and been unable to say so. */
export type PushDelivery = Delivery & { readonly isUnheard?: boolean }

/** Shorter, and a runtime that heartbeats every second would be taken for lost. */
const LEAST_SILENCE_MS = 3_000

interface Bounds {
  /** Until the overall deadline; `Infinity` without one. */
  readonly remainingMs: number
  readonly deadlineAtMs: number
  /** Since anything was heard, or since the start. */
  readonly waitedMs: number
}

/** Sends the command once, and waits for what comes of this or any earlier attempt. */
export async function push(
  input: InvokeCommandInput,
  params: JsonValue,
  attempt: AttemptInput,
  bounds: Bounds,
  responses: Responses,
): Promise<PushDelivery> {
  // It came while this attempt was waited for.
  const early = responses.take()
  if (early !== undefined) return outcomeOfResponse(early)
  responses.await(attempt)
  const sending = new CancellationScope()
  const sent = sending.run(() => send(input, params, attempt, bounds))
  const outcome = await Promise.race([sent, responses.arrived.then(() => undefined)])
  const response = responses.take()
  if (response === undefined) return outcome ?? sent
  // Whoever has this attempt hears with a heartbeat that nobody waits for it any more.
  sending.cancel()
  sent.catch(() => undefined)
  return outcomeOfResponse(response)
}

async function send(
  input: InvokeCommandInput,
  params: JsonValue,
  attempt: AttemptInput,
  { remainingMs, deadlineAtMs, waitedMs }: Bounds,
): Promise<PushDelivery> {
  const { policy } = input
  const waitMs = Math.min(policy.queueTimeoutMs, remainingMs)
  const activities = proxyActivities<Record<typeof PUSH_ACTIVITY, PushActivity>>({
    taskQueue: input.taskQueue,
    activityId: attemptActivityId(attempt.attempt),
    summary: `attempt ${attempt.attempt} to ${input.deployment.name} by ${input.transport ?? ''}`,
    scheduleToStartTimeout: waitMs,
    // Its own time begins when the handler does; before that it may wait in a queue.
    startToCloseTimeout: (attempt.timeoutMs ?? NO_LIMIT_MS) + waitMs + REPORTING_GRACE_MS,
    ...(remainingMs === Infinity ? {} : { scheduleToCloseTimeout: remainingMs + REPORTING_GRACE_MS }),
    heartbeatTimeout: Math.max(Math.min(policy.heartbeatTimeoutMs, policy.queueTimeoutMs - waitedMs), LEAST_SILENCE_MS),
    retry: { maximumAttempts: 1 },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  })
  const { command } = input
  try {
    const deadline = deadlineAtMs === Infinity ? null : deadlineAtMs
    return outcomeOfResponse(await activities[PUSH_ACTIVITY]({ command, attempt, deadlineAtMs: deadline }, params))
  } catch (error) {
    if (error instanceof CancelledFailure) return { kind: 'not_started' }
    const outcome = error instanceof ActivityFailure ? outcomeOfFailure(error.cause) : undefined
    if (outcome === undefined) throw error
    return outcome
  }
}

function outcomeOfFailure(cause: Error | undefined): PushDelivery | undefined {
  if (cause instanceof ApplicationFailure && cause.type === DELIVERY_UNCONFIRMED) {
    const [, heartbeat] = cause.details ?? []
    return { kind: 'lost', isUnheard: true, checkpoint: checkpointOf(heartbeat) }
  }
  const isUnheard = cause instanceof TimeoutFailure && cause.lastHeartbeatDetails === undefined
  const outcome = outcomeOf(cause)
  if (isUnheard && (outcome?.kind === 'lost' || outcome?.kind === 'timed_out')) return { kind: 'lost', isUnheard }
  return outcome
}

function outcomeOfResponse(response: AttemptResponse): PushDelivery {
  const { checkpoint } = response
  switch (response.status) {
    case 'succeeded':
      return { kind: 'succeeded', result: response.result, checkpoint }
    case 'failed': {
      const { error } = response
      return error.code === 'unavailable' ? { kind: 'not_begun', error } : { kind: 'failed', error, checkpoint }
    }
    case 'canceled':
      if (!response.entered) return { kind: 'not_started' }
      return response.stopped ? { kind: 'stopped', attempts: response.attempts } : { kind: 'not_stopped' }
    default:
      return response satisfies never
  }
}
