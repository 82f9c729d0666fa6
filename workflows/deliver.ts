/** One delivery of an invocation to an agent: the activity, its time-outs, and what came of it. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow'
import { attemptTimes, type AttemptTimes } from '../protocol/attempt-times.js'
import type { GivenBackDetails, StoppedDetails } from '../protocol/cancel.js'
import { isErrorCode } from '../protocol/error-codes.js'
import type { AttemptInput, InvokeCommandInput } from '../protocol/invocation.js'
import { isPlainObject, type JsonValue } from '../protocol/json.js'
import { REPORTING_GRACE_MS } from '../protocol/limits.js'
import { AGENT_STOPPING, attemptActivityId, TASK_NOT_DELIVERED } from '../protocol/names.js'
import type { AttemptOutcome } from './attempt.js'
import { checkpointOf } from './checkpoint.js'
import { TimedResult } from './timed-result.js'

/** "As long as the agent is alive": Temporal wants some bound. */
export const NO_LIMIT_MS = 365 * 86_400_000

type CommandActivity = (params: JsonValue, attempt: AttemptInput) => Promise<JsonValue | TimedResult>

/** What became of a delivery, with the newest checkpoint of its handler, and its times as far as they are known. */
export type Delivery = AttemptOutcome & {
  readonly checkpoint?: JsonValue | undefined
  readonly times?: AttemptTimes | undefined
}

/**
 * Runs the command's activity once.
 *
 * @param remainingMs until the overall deadline; `Infinity` without one
 * @param waitedMs for an agent, before this delivery: all deliveries of one wait have the queue's time-out together
 */
export async function deliver(
  input: InvokeCommandInput,
  params: JsonValue,
  attempt: AttemptInput,
  remainingMs: number,
  waitedMs: number,
): Promise<Delivery> {
  const { concurrency, heartbeatTimeoutMs } = input.policy
  const queueMs = Math.max(Math.min(input.policy.queueTimeoutMs - waitedMs, remainingMs), 1)
  // In the agent it waits its turn, before its own time begins.
  const timeoutMs = (attempt.timeoutMs ?? NO_LIMIT_MS) + (concurrency === undefined ? 0 : queueMs)
  // Later than the queue's time-out, so that the one is never mistaken for the other.
  const scheduleToCloseMs = Math.min(remainingMs, 2 * NO_LIMIT_MS) + REPORTING_GRACE_MS
  const budget = { remainingMs: remainingMs === Infinity ? null : remainingMs, queueMs, scheduleToCloseMs, waitedMs }
  const activities = proxyActivities<Record<string, CommandActivity>>({
    taskQueue: input.taskQueue,
    activityId: attemptActivityId(attempt.attempt),
    summary: `attempt ${attempt.attempt} on ${input.deployment.name}`,
    scheduleToStartTimeout: queueMs,
    startToCloseTimeout: timeoutMs + REPORTING_GRACE_MS,
    scheduleToCloseTimeout: scheduleToCloseMs,
    heartbeatTimeout: heartbeatTimeoutMs,
    // Each delivery is an activity of its own: the history shows every attempt, and this workflow decides on the next.
    retry: { maximumAttempts: 1 },
    // What a cancel comes to is for the agent to say; one that is lost has its heartbeat time-out.
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  })
  const scheduledAtMs = Date.now()
  try {
    const run = activities[input.command] as CommandActivity
    const ran = await run(params, { ...attempt, budget })
    if (!(ran instanceof TimedResult)) return { kind: 'succeeded', result: ran }
    return { kind: 'succeeded', result: ran.result, times: ran.times }
  } catch (error) {
    // Canceled before it was even scheduled.
    if (error instanceof CancelledFailure) return { kind: 'not_started' }
    const outcome = error instanceof ActivityFailure ? outcomeOf(error.cause) : undefined
    if (outcome === undefined) throw error
    if (outcome.kind !== 'not_taken') return outcome
    return { ...outcome, times: { queuedMs: Date.now() - scheduledAtMs, runMs: 0 } }
  }
}

/** An agent may say anything. */
const isEnded = (details: JsonValue | undefined): boolean =>
  isPlainObject(details) && (details as Partial<Record<keyof GivenBackDetails, unknown>>).ended === true

/** What Temporal says when it cancels an activity that no worker has taken. */
const NOT_STARTED = 'ACTIVITY_ID_NOT_STARTED'

/** What the failure of an attempt's activity means; `undefined` when it means nothing. */
export function outcomeOf(cause: Error | undefined): Delivery | undefined {
  if (cause instanceof CancelledFailure) {
    const [details] = cause.details
    if (!isPlainObject(details)) return { kind: details === NOT_STARTED ? 'not_started' : 'stopped' }
    // An agent may say anything.
    const { entered, stopped, attempts }: Partial<Record<keyof StoppedDetails, unknown>> = details
    if (entered === false) return { kind: 'not_started' }
    if (stopped === false) return { kind: 'not_stopped' }
    return { kind: 'stopped', attempts: typeof attempts === 'number' ? attempts : undefined }
  }
  if (cause instanceof TimeoutFailure) {
    const checkpoint = checkpointOf(cause.lastHeartbeatDetails)
    switch (cause.timeoutType) {
      case 'SCHEDULE_TO_START':
        return { kind: 'not_taken' }
      case 'HEARTBEAT':
        return { kind: 'lost', checkpoint }
      default:
        return { kind: 'timed_out', checkpoint }
    }
  }
  if (cause instanceof ApplicationFailure) {
    const [details, heartbeat] = (cause.details ?? []) as (JsonValue | undefined)[]
    const checkpoint = checkpointOf(heartbeat)
    const times = isPlainObject(heartbeat) ? attemptTimes(heartbeat['times']) : undefined
    if (cause.type === AGENT_STOPPING) return { kind: 'lost', ended: isEnded(details), checkpoint }
    if (cause.type === TASK_NOT_DELIVERED) return { kind: 'not_delivered' }
    const code = isErrorCode(cause.type) ? cause.type : 'internal'
    const error = { code, message: cause.message, ...(details === undefined ? {} : { details }) }
    return code === 'unavailable' ? { kind: 'not_begun', error, times } : { kind: 'failed', error, checkpoint, times }
  }
  return undefined
}
