/** What follows from a delivery that was pushed. Pure, as `attempt.ts`, which decides but for what nobody heard of. */
import type { ErrorBody } from '../protocol/errors.js'
import { formatDuration } from '../protocol/format-duration.js'
import type { InvokeCommandInput } from '../protocol/invocation.js'
import { redeliveryBackoffMs } from '../protocol/redelivery-backoff.js'
import {
  MAX_LOST_AGENTS,
  nextStep,
  times,
  type AttemptCount,
  type AttemptOutcome,
  type CanceledOutcome,
  type NextStep,
} from './attempt.js'

/** As {@link nextStep}. */
export function nextPushStep(
  input: InvokeCommandInput,
  outcome: Exclude<AttemptOutcome, CanceledOutcome> & { readonly isUnheard?: boolean },
  count: AttemptCount,
  remainingMs: number,
  waitedMs: number,
): NextStep {
  if (outcome.isUnheard !== true) return nextStep(input, outcome, count, remainingMs, waitedMs)
  const afterMs = redeliveryBackoffMs(count.lost)
  const again = count.lost < MAX_LOST_AGENTS && afterMs < Math.min(remainingMs, input.policy.queueTimeoutMs - waitedMs)
  return again ? { kind: 'deliver_again', afterMs } : { kind: 'fail', error: unheard(input, count, waitedMs) }
}

const unheard = ({ command, deployment }: InvokeCommandInput, count: AttemptCount, waitedMs: number): ErrorBody => ({
  code: 'outcome_unknown',
  message: `"${command}" was sent to "${deployment.name}" ${times(count.lost + count.failed)}, and nothing was heard of it for ${formatDuration(waitedMs)}; whether it ran is unknown`,
})
