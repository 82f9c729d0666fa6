/** Whether what was seen of a trial may be. Pure. */
import type { InvocationStatus } from '../protocol/invocation.js'
import type { Row } from './rows.js'
import type { Observation } from './trial.js'

/** When the fault came and went, in ms since 1970. */
export interface FaultTimes {
  readonly fromMs: number
  readonly toMs: number
}

/** Nothing is shown as running for longer once its agent is gone. */
const NOTICED_WITHIN_MS = 15_000

/** What is wrong, in words; nothing when all is well. */
export function violationsOf(trial: Observation, { agent }: Pick<Row, 'agent'>, fault: FaultTimes): string[] {
  const { invocation, history } = trial
  if (!invocation) return ['did not end']
  return [
    history.ends.length === 1 ? undefined : `ended ${history.ends.length} times: ${history.ends.join(', ')}`,
    endMatches(trial, invocation.status),
    foreignResult(trial),
    ranTooOften(trial, agent),
    recomputed(trial),
    shownAsRunning(trial, agent, fault),
    untrueVerdict(trial),
    unexpectedEnd(trial, agent),
  ].filter((violation) => violation !== undefined)
}

const count = ({ effects }: Observation, wanted: string): number =>
  effects.filter(({ effect }) => effect === wanted).length

function endMatches({ history }: Observation, status: InvocationStatus): string | undefined {
  const wanted =
    status === 'succeeded' ? 'workflowExecutionCompletedEventAttributes' : 'workflowExecutionFailedEventAttributes'
  return history.ends[0] === wanted ? undefined : `is ${status}, and in Temporal ${history.ends.join(', ')}`
}

function foreignResult({ invocation, effects }: Observation): string | undefined {
  if (invocation?.status !== 'succeeded') return undefined
  const isOwn = effects.some(({ effect, token }) => effect === 'returned' && token === invocation.result)
  return isOwn ? undefined : `succeeded with ${JSON.stringify(invocation.result)}, which its handler did not return`
}

/** A process that lives has the run of an attempt that was lost, and the next attempt attaches to it. */
function ranTooOften(trial: Observation, agent: Row['agent']): string | undefined {
  const times = count(trial, 'entered')
  if (times <= 1) return undefined
  if (trial.atMostOnce) return `is at-most-once and had its effect ${times} times`
  return agent === 'dies' ? undefined : `had its effect ${times} times in an agent that lived`
}

function recomputed(trial: Observation): string | undefined {
  const times = count(trial, 'entered')
  return trial.wasNoted && times > 1 ? `was noted in the journal and ran ${times} times` : undefined
}

/** Of attempts that were under way when the agent went. One that comes back in time may go on with them. */
function shownAsRunning({ history }: Observation, agent: Row['agent'], fault: FaultTimes): string | undefined {
  if (agent === 'lives') return undefined
  const backAtMs = agent === 'away' ? fault.toMs : Infinity
  const goneMs = history.attempts
    .filter(({ startedAtMs, endedAtMs }) => startedAtMs < fault.fromMs && endedAtMs > fault.fromMs)
    .map(({ endedAtMs }) => Math.min(endedAtMs, backAtMs) - fault.fromMs)
  const longestMs = Math.max(0, ...goneMs)
  return longestMs <= NOTICED_WITHIN_MS
    ? undefined
    : `was shown as running ${Math.round(longestMs)} ms after its agent was gone`
}

function untrueVerdict(trial: Observation): string | undefined {
  const { verdict, lateVerdict, invocation } = trial
  if (verdict === undefined) return undefined
  const told = `was canceled with the verdict ${verdict}`
  // Of a silent agent nothing is known yet when the verdict is given; later it is.
  if (verdict !== 'unknown' && lateVerdict !== verdict) return `${told}, and later ${String(lateVerdict)}`
  const { status } = invocation ?? {}
  const isTrue = {
    not_started: status === 'canceled' && trial.effects.length === 0,
    stopped:
      status === 'canceled' && count(trial, 'returned') === 0 && count(trial, 'stopped') === count(trial, 'entered'),
    finished_first: status === 'succeeded' && count(trial, 'returned') > 0,
    unknown: true,
  }[lateVerdict ?? verdict]
  const seen = trial.effects.map(({ effect }) => effect).join(', ')
  return isTrue
    ? undefined
    : `${told}, later ${String(lateVerdict)}, is ${String(status)}, and its handler had: ${seen}`
}

/** All faults pass, so all that may be run again comes to its result. */
function unexpectedEnd(trial: Observation, agent: Row['agent']): string | undefined {
  const { invocation, verdict, atMostOnce, wasNoted } = trial
  if (verdict !== undefined || invocation?.status === 'succeeded') return undefined
  const { code, message } = invocation?.error ?? {}
  // Its agent had it and is gone, or had not even begun: for the vendor's side that is the same.
  const mayBeUnknown = atMostOnce && !wasNoted && (agent === 'dies' || count(trial, 'entered') === 0)
  if (mayBeUnknown && code === 'outcome_unknown') return undefined
  return `ended as ${String(code)}: ${String(message)}`
}
