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
 *  W3  an at-most-once command is never delivered again after an agent took it
 *  W4  the newest checkpoint of any attempt is handed to the next one
 *  W5  an outcome is told to the sink only when it follows from what Temporal has recorded
 */
import { ApplicationFailure, proxySinks, sleep, workflowInfo } from '@temporalio/workflow'
import { failedWith, succeededWith, type InvocationSinks, type InvokeCommandInput } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'
import { nextStep } from './attempt.js'
import { deliver } from './deliver.js'

const sinks = proxySinks<InvocationSinks>()

export async function invokeCommand(input: InvokeCommandInput, params: JsonValue): Promise<JsonValue> {
  const { policy } = input
  const { workflowId, startTime } = workflowInfo()
  const deadlineAtMs = startTime.getTime() + (policy.deadlineMs ?? Infinity)
  let undelivered = 0
  let lost = 0
  let failed = 0
  let checkpoint: JsonValue | undefined

  for (let attempt = 1; ; attempt += 1) {
    const remainingMs = Math.max(deadlineAtMs - Date.now(), 1)
    const attemptMs = Math.min(policy.timeoutMs ?? Infinity, remainingMs)
    const outcome = await deliver(
      input,
      params,
      {
        invocationId: workflowId,
        deployment: input.deployment,
        attempt,
        timeoutMs: attemptMs === Infinity ? null : attemptMs,
        exposeStack: policy.exposeStack,
        ...(checkpoint === undefined ? {} : { checkpoint }),
      },
      remainingMs,
    )
    if (outcome.checkpoint !== undefined) checkpoint = outcome.checkpoint
    if (outcome.kind === 'not_delivered') undelivered += 1
    if (outcome.kind === 'lost') lost += 1
    if (outcome.kind === 'failed' || outcome.kind === 'timed_out') failed += 1

    const step = nextStep(input, outcome, { undelivered, lost, failed }, deadlineAtMs - Date.now())
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
