/**
 * The workflow of an invocation: delivers the command until it has an outcome.
 *
 *   deliver attempt n ──► succeeded ─► result
 *         ▲                failed, timed out, lost, not taken
 *         └── back-off ◄── deliver again, or fail with one code of the error table
 *
 * Invariants:
 *  W1  the workflow ends succeeded only with a result an agent reported
 *  W2  `deployment_offline` is said only when no delivery was ever taken
 *  W3  an at-most-once command is entered at most once: agents are told of earlier deliveries, and go by their journals
 *  W4  an outcome is told to the sink only when it follows from what Temporal has recorded
 */
import { ApplicationFailure, patched, proxySinks, sleep, workflowInfo } from '@temporalio/workflow'
import { failedWith, succeededWith, type InvocationSinks, type InvokeCommandInput } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'
import { counted, lostForGood, nextStep, NOTHING_YET, type AttemptOutcome, type NextStep } from './attempt.js'
import { deliver } from './deliver.js'

const sinks = proxySinks<InvocationSinks>()

/** Earlier versions ended an at-most-once invocation as soon as its agent was lost; those under way still do. */
const REDELIVERS_AT_MOST_ONCE = 'redeliver-at-most-once'

export async function invokeCommand(input: InvokeCommandInput, params: JsonValue): Promise<JsonValue> {
  const { policy } = input
  const { workflowId, startTime } = workflowInfo()
  const deadlineAtMs = startTime.getTime() + (policy.deadlineMs ?? Infinity)
  let count = NOTHING_YET
  let waitsSinceMs = startTime.getTime()

  for (let attempt = 1; ; attempt += 1) {
    const remainingMs = Math.max(deadlineAtMs - Date.now(), 1)
    const attemptMs = Math.min(policy.timeoutMs ?? Infinity, remainingMs)
    const outcome: AttemptOutcome = await deliver(
      input,
      params,
      {
        invocationId: workflowId,
        deployment: input.deployment,
        attempt,
        run: count.failed + 1,
        deliveredBefore: count.lostInRun,
        atMostOnce: policy.atMostOnce,
        timeoutMs: attemptMs === Infinity ? null : attemptMs,
        exposeStack: policy.exposeStack,
      },
      remainingMs,
    )
    count = counted(count, outcome)
    const nowMs = Date.now()
    if (outcome.kind !== 'not_delivered' && outcome.kind !== 'not_begun') waitsSinceMs = nowMs
    const step: NextStep =
      outcome.kind === 'lost' && policy.atMostOnce && !patched(REDELIVERS_AT_MOST_ONCE)
        ? { kind: 'fail', error: lostForGood(input, 'it is at-most-once') }
        : nextStep(input, outcome, count, deadlineAtMs - nowMs, nowMs - waitsSinceMs)
    if (step.kind === 'succeed') {
      sinks.invocation.ended(succeededWith(step.result))
      return step.result
    }
    if (step.kind === 'fail') {
      sinks.invocation.ended(failedWith(step.error))
      const { code, message, details } = step.error
      throw ApplicationFailure.nonRetryable(message, code, ...(details === undefined ? [] : [details]))
    }
    if (step.afterMs > 0) await sleep(step.afterMs, { summary: `back-off before attempt ${attempt + 1}` })
  }
}
