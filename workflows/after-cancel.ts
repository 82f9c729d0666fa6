/** What a delivery comes to when the invocation was canceled meanwhile. Pure, as `attempt.ts`. */
import { CANCEL_GRACE_MS, verdictAfter, type CancelRequest, type CancelVerdict } from '../protocol/cancel.js'
import type { ErrorBody } from '../protocol/errors.js'
import { formatDuration } from '../protocol/format-duration.js'
import type { InvokeCommandInput } from '../protocol/invocation.js'
import { nextStep, times, type AttemptCount, type AttemptOutcome, type FinalStep } from './attempt.js'

export interface CanceledStep {
  readonly step: FinalStep
  readonly verdict: CancelVerdict
}

/** @param count includes this attempt */
export function afterCancel(
  input: InvokeCommandInput,
  { reason }: CancelRequest,
  outcome: AttemptOutcome,
  count: AttemptCount,
  remainingMs: number,
): CanceledStep {
  const { command, deployment } = input
  const because = reason === undefined ? '' : ` (${reason})`
  const ended = (verdict: CancelVerdict, code: ErrorBody['code'], message: string): CanceledStep => ({
    step: {
      kind: 'fail',
      error: { code, message: message + because, details: { verdict, ...(reason === undefined ? {} : { reason }) } },
    },
    verdict,
  })
  const unknown = (why: string) => ended('unknown', 'outcome_unknown', `"${command}" was canceled; ${why}`)
  /** Unless an earlier run may go on. */
  const stopped = (message: string, attempts?: number): CanceledStep => {
    const earlier = mayGoOn(count, attempts)
    return earlier === undefined ? ended('stopped', 'canceled', message) : unknown(earlier)
  }
  switch (outcome.kind) {
    case 'succeeded':
      return { step: { kind: 'succeed', result: outcome.result }, verdict: 'finished_first' }
    case 'stopped':
      return stopped(`"${command}" was canceled, and its handler stopped`, outcome.attempts)
    case 'not_stopped':
      return unknown(
        `its handler did not stop within ${formatDuration(CANCEL_GRACE_MS)}, and whether it goes on is unknown`,
      )
    case 'lost':
    case 'timed_out':
      return unknown(`the agent of "${deployment.name}" that ran it did not answer, and whether it stopped is unknown`)
    case 'failed': {
      const step = nextStep(input, outcome, count, remainingMs)
      // An error that ends the invocation ended it; one that would be tried again is what was canceled.
      if (step.kind !== 'deliver_again') {
        return { step, verdict: verdictAfter(step.kind === 'fail' ? step.error.code : undefined) }
      }
      return stopped(`"${command}" was canceled after it had failed ${times(count.failed)}: ${outcome.error.message}`)
    }
    case 'not_taken':
    case 'not_delivered':
    case 'not_begun':
    case 'not_started':
      if (count.failed > 0) return stopped(`"${command}" was canceled after it had failed ${times(count.failed)}`)
      if (count.lost > 0)
        return stopped(`"${command}" was canceled after its agent had stopped, and its handler with it`)
      return ended('not_started', 'canceled', `"${command}" was canceled before its handler was entered; nothing ran`)
    default:
      return outcome satisfies never
  }
}

/**
 * What of before may go on, in words.
 *
 * @param attempts of the run in hand, that the agent which stopped it had: those it did not have went elsewhere
 */
function mayGoOn({ astray, astrayInRun, timedOut }: AttemptCount, attempts = 1): string | undefined {
  const astrayElsewhere = attempts > astrayInRun ? astray - astrayInRun : astray
  if (astrayElsewhere > 0) return 'an agent that had it was lost before, and whether it finished is unknown'
  return timedOut > 0
    ? 'an earlier run of it ran out of its time, and whether its handler goes on is unknown'
    : undefined
}
