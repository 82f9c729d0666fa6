/**
 * The workflow of an invocation: delivers the command until it has an outcome.
 *
 *   deliver attempt n ──► succeeded ─► result
 *         ▲                failed, timed out, lost, not taken
 *         └── back-off ◄── deliver again, or fail with one code of the error table
 *
 * A cancel ends the delivery under way, and no other follows it.
 *
 * Invariants:
 *  W1  the workflow ends succeeded only with a result an agent reported
 *  W2  `deployment_offline` is said only when no delivery was ever taken
 *  W3  an at-most-once command is entered at most once: agents are told of earlier deliveries, and go by their journals
 *  W4  an outcome is told to the sink only when it follows from what Temporal has recorded
 *  W5  who asked for a cancel is told the verdict that the outcome has
 *  W6  the newest checkpoint of any attempt is handed to the next one
 *  W7  of a deployment that is pushed to, the first result of any attempt counts (`responses.ts`)
 */
import { ApplicationFailure, isCancellation, patched, proxySinks, sleep, workflowInfo } from '@temporalio/workflow'
import {
  failedWith,
  succeededWith,
  type AttemptInput,
  type InvocationSinks,
  type InvocationSummary,
  type InvokeCommandInput,
} from '../protocol/invocation.js'
import type { AttemptTimes } from '../protocol/attempt-times.js'
import type { JsonValue } from '../protocol/json.js'
import { afterCancel } from './after-cancel.js'
import {
  beginsRow,
  counted,
  isCanceled,
  isRetryable,
  lostForGood,
  nextStep,
  NOTHING_YET,
  type AttemptCount,
  type CanceledOutcome,
  type FinalStep,
  type NextStep,
} from './attempt.js'
import { Cancellation } from './cancellation.js'
import { deliver } from './deliver.js'
import { nextPushStep } from './next-push-step.js'
import { push, type PushDelivery } from './push.js'
import { Responses } from './responses.js'

const sinks = proxySinks<InvocationSinks>()

/** Earlier versions ended an at-most-once invocation as soon as its agent was lost; those under way still do. */
const REDELIVERS_AT_MOST_ONCE = 'redeliver-at-most-once'

/** Earlier versions took a `RetryableError` for any other; those that met one go on as they did. */
const HONORS_RETRYABLE = 'honor-retryable-error'

/** Earlier versions counted every lost agent, though the command was not what it was lost to. */
const COUNTS_LOST_IN_ROW = 'count-lost-in-row'

export async function invokeCommand(input: InvokeCommandInput, params: JsonValue): Promise<JsonValue> {
  const { policy } = input
  const { workflowId, startTime } = workflowInfo()
  const deadlineAtMs = startTime.getTime() + (policy.deadlineMs ?? Infinity)
  const cancellation = new Cancellation()
  const responses = input.transport === undefined ? undefined : new Responses()
  let count = NOTHING_YET
  let waitsSinceMs = startTime.getTime()
  let checkpoint: JsonValue | undefined

  for (let attempt = 1; ; attempt += 1) {
    const remainingMs = Math.max(deadlineAtMs - Date.now(), 1)
    const attemptMs = Math.min(policy.timeoutMs ?? Infinity, remainingMs)
    const delivered: AttemptInput = {
      invocationId: workflowId,
      deployment: input.deployment,
      attempt,
      run: count.failed + 1,
      deliveredBefore: count.lostInRun,
      atMostOnce: policy.atMostOnce,
      timeoutMs: attemptMs === Infinity ? null : attemptMs,
      exposeStack: policy.exposeStack,
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(input.trace === undefined ? {} : { trace: input.trace }),
    }
    const waitedMs = Date.now() - waitsSinceMs
    const delivery: PushDelivery = await cancellation.cancelable(() =>
      responses === undefined
        ? deliver(input, params, delivered, remainingMs, waitedMs)
        : push(input, params, delivered, { remainingMs, deadlineAtMs, waitedMs }, responses),
    )
    const outcome = asThen(delivery)
    const isFirstOfRow = count.lostInRow > 0 && beginsRow(outcome, count, checkpoint) && patched(COUNTS_LOST_IN_ROW)
    if (outcome.checkpoint !== undefined) checkpoint = outcome.checkpoint
    count = counted(isFirstOfRow ? { ...count, lostInRow: 0 } : count, outcome)
    const nowMs = Date.now()
    const { request } = cancellation
    if (request !== undefined || isCanceled(outcome)) {
      const { step, verdict } = afterCancel(input, request ?? {}, outcome, count, deadlineAtMs - nowMs)
      await cancellation.settle(verdict)
      return end(step, summaryOf(input, attempt, outcome.times))
    }
    const ran = outcome.kind !== 'not_delivered' && outcome.kind !== 'not_begun' && outcome.isUnheard !== true
    const step = stepAfter(input, outcome, count, deadlineAtMs - nowMs, ran ? 0 : nowMs - waitsSinceMs)
    if (step.kind !== 'deliver_again') return end(step, summaryOf(input, attempt, outcome.times))
    if (step.afterMs > 0) await backOff(cancellation, step.afterMs, attempt + 1, responses)
    if (ran) waitsSinceMs = Date.now()
  }
}

function asThen(delivery: PushDelivery): PushDelivery {
  if (delivery.kind !== 'failed' || !isRetryable(delivery.error) || patched(HONORS_RETRYABLE)) return delivery
  return {
    ...delivery,
    error: { ...delivery.error, details: { ...(delivery.error.details as object), retryable: false } },
  }
}

function stepAfter(
  input: InvokeCommandInput,
  outcome: Exclude<PushDelivery, CanceledOutcome>,
  count: AttemptCount,
  remainingMs: number,
  waitedMs: number,
): NextStep {
  if (input.transport !== undefined) return nextPushStep(input, outcome, count, remainingMs, waitedMs)
  if (outcome.kind === 'lost' && input.policy.atMostOnce && !patched(REDELIVERS_AT_MOST_ONCE)) {
    return { kind: 'fail', error: lostForGood(input, 'it is at-most-once') }
  }
  return nextStep(input, outcome, count, remainingMs, waitedMs)
}

/**
 * A cancel cuts it short; the delivery that follows then finds that it is not to begin. So does a response that counts,
 * which the delivery finds.
 */
async function backOff(
  cancellation: Cancellation,
  waitMs: number,
  attempt: number,
  responses: Responses | undefined,
): Promise<void> {
  const back = () => sleep(waitMs, { summary: `back-off before attempt ${attempt}` })
  try {
    await cancellation.cancelable(() => (responses === undefined ? back() : Promise.race([back(), responses.arrived])))
  } catch (error) {
    if (!isCancellation(error)) throw error
  }
}

function summaryOf(input: InvokeCommandInput, attempts: number, times: AttemptTimes | undefined): InvocationSummary {
  const { deployment, command, transport, trace } = input
  const durationMs = Date.now() - workflowInfo().startTime.getTime()
  return {
    deployment,
    command,
    transport: transport ?? 'pull',
    attempts,
    durationMs,
    ...times,
    ...(trace === undefined ? {} : { trace }),
  }
}

function end(step: FinalStep, summary: InvocationSummary): JsonValue {
  if (step.kind === 'succeed') {
    sinks.invocation.ended(succeededWith(step.result), summary)
    return step.result
  }
  sinks.invocation.ended(failedWith(step.error), summary)
  const { code, message, details } = step.error
  throw ApplicationFailure.nonRetryable(message, code, ...(details === undefined ? [] : [details]))
}
