/**
 * What became of one delivery of an invocation, and what follows from it. Pure: the workflow acts, this decides.
 */
import { formatDuration } from '../protocol/format-duration.js'
import { SAYS_NOTHING_RAN } from '../protocol/error-codes.js'
import type { ErrorBody, HandlerError } from '../protocol/errors.js'
import type { InvokeCommandInput } from '../protocol/invocation.js'
import { isPlainObject, type JsonValue } from '../protocol/json.js'
import { MAX_RETRY_AFTER_MS } from '../protocol/limits.js'
import { STOPPED_BY_POLICY } from '../protocol/names.js'
import { redeliveryBackoffMs } from '../protocol/redelivery-backoff.js'

export type AttemptOutcome =
  | { readonly kind: 'succeeded'; readonly result: JsonValue }
  /** The agent reported an error: the handler's, or why the handler was not entered. */
  | { readonly kind: 'failed'; readonly error: ErrorBody }
  /** The attempt's time was over and nothing was reported in time. */
  | { readonly kind: 'timed_out' }
  /** No agent took it; this delivery ran nothing. */
  | { readonly kind: 'not_taken' }
  /** An agent asked for it and was gone when it came; this delivery ran nothing. */
  | { readonly kind: 'not_delivered' }
  /** An agent took it and could not begin, its disk being full for one; this delivery ran nothing. */
  | { readonly kind: 'not_begun'; readonly error: ErrorBody }
  /** An agent took it and fell silent, or gave it back because it was stopping. `ended`: it said that its handler has ended. */
  | { readonly kind: 'lost'; readonly ended?: boolean }
  | CanceledOutcome

/** Of a delivery that was canceled. */
export type CanceledOutcome =
  /** No agent had taken it, or none had entered its handler; this delivery ran nothing. */
  | { readonly kind: 'not_started' }
  /** The handler ended because it was told to stop. `attempts`: of this run, that its agent had; absent: 1. */
  | { readonly kind: 'stopped'; readonly attempts?: number | undefined }
  /** The handler was told to stop, and the agent gave up waiting for it. */
  | { readonly kind: 'not_stopped' }

export const isCanceled = (outcome: AttemptOutcome): outcome is CanceledOutcome =>
  outcome.kind === 'not_started' || outcome.kind === 'stopped' || outcome.kind === 'not_stopped'

export type FinalStep =
  { readonly kind: 'succeed'; readonly result: JsonValue } | { readonly kind: 'fail'; readonly error: ErrorBody }

export type NextStep = FinalStep | { readonly kind: 'deliver_again'; readonly afterMs: number }

/** What happened so far, the attempt in hand included. */
export interface AttemptCount {
  /** Deliveries that ran nothing: no agent was there to take them, or one could not begin. */
  readonly undelivered: number
  /** Deliveries taken by an agent that was then lost. */
  readonly lost: number
  /** Of those, how many in a row: see {@link beginsRow}. */
  readonly lostInRow: number
  /** Of those, how many since the run before ended badly. */
  readonly lostInRun: number
  /** As `lost`, without those whose agent said that the handler has ended: these handlers may go on. */
  readonly astray: number
  readonly astrayInRun: number
  /** Handler runs that ended badly. */
  readonly failed: number
  /** Of those, how many were over because their time was: their handlers may go on. */
  readonly timedOut: number
}

export const NOTHING_YET: AttemptCount = {
  undelivered: 0,
  lost: 0,
  lostInRow: 0,
  lostInRun: 0,
  astray: 0,
  astrayInRun: 0,
  failed: 0,
  timedOut: 0,
}

/**
 * Whether a lost delivery is the first of a row: of its run, or since the command was shown not to be what its agents are
 * lost to, for the agent stopped in good order and the handler with it, or the handler had come further.
 *
 * @param count without this delivery
 * @param before the checkpoint that it began with
 */
export function beginsRow(
  outcome: AttemptOutcome & { readonly checkpoint?: JsonValue | undefined },
  { lostInRun }: AttemptCount,
  before: JsonValue | undefined,
): boolean {
  if (outcome.kind !== 'lost') return false
  const { ended, checkpoint } = outcome
  const hasMoved = checkpoint !== undefined && JSON.stringify(checkpoint) !== JSON.stringify(before)
  return lostInRun === 0 || ended === true || hasMoved
}

/** The count with one more. */
export function counted(count: AttemptCount, outcome: AttemptOutcome): AttemptCount {
  switch (outcome.kind) {
    case 'succeeded':
    case 'not_taken':
    case 'not_started':
    case 'stopped':
    case 'not_stopped':
      return count
    case 'not_delivered':
    case 'not_begun':
      return { ...count, undelivered: count.undelivered + 1 }
    case 'lost': {
      const { astray, astrayInRun } = count
      const { lost: all, lostInRow, lostInRun } = count
      const lost = { ...count, lost: all + 1, lostInRow: lostInRow + 1, lostInRun: lostInRun + 1 }
      return outcome.ended === true ? lost : { ...lost, astray: astray + 1, astrayInRun: astrayInRun + 1 }
    }
    case 'failed':
    case 'timed_out': {
      const timedOut = count.timedOut + (isTimeOut(outcome) ? 1 : 0)
      return { ...count, failed: count.failed + 1, lostInRun: 0, astrayInRun: 0, timedOut }
    }
  }
}

const isTimeOut = (outcome: AttemptOutcome): boolean =>
  outcome.kind === 'timed_out' || (outcome.kind === 'failed' && outcome.error.code === 'timed_out')

/** After so many agents lost in a row the command itself is the likely killer, and goes on killing if nobody stops it. */
export const MAX_LOST_AGENTS = 20

/**
 * @param count includes this attempt
 * @param remainingMs until the overall deadline; `Infinity` without one
 * @param waitedMs since an agent last ran it, or since the start
 */
export function nextStep(
  input: InvokeCommandInput,
  outcome: Exclude<AttemptOutcome, CanceledOutcome>,
  count: AttemptCount,
  remainingMs: number,
  waitedMs = 0,
): NextStep {
  switch (outcome.kind) {
    case 'succeeded':
      return { kind: 'succeed', result: outcome.result }
    case 'failed':
      return retryOr(notRunLater(outcome.error, input, count, 1), input, count, remainingMs)
    case 'timed_out':
      return retryOr(timedOut(input), input, count, remainingMs)
    case 'not_taken':
      return { kind: 'fail', error: noAgent(input, count) }
    case 'not_delivered': {
      const leftMs = input.policy.queueTimeoutMs - waitedMs
      // Beyond that no agent has the time to take it: the delivery that follows says so, as it did in histories.
      const afterMs = Math.min(redeliveryBackoffMs(count.undelivered), leftMs > 0 ? leftMs : Infinity)
      if (afterMs < remainingMs) return { kind: 'deliver_again', afterMs }
      return { kind: 'fail', error: noAgent(input, count) }
    }
    case 'not_begun': {
      const afterMs = redeliveryBackoffMs(count.undelivered + 1)
      if (afterMs < Math.min(remainingMs, input.policy.queueTimeoutMs - waitedMs)) {
        return { kind: 'deliver_again', afterMs }
      }
      return { kind: 'fail', error: notRunLater(outcome.error, input, count) }
    }
    case 'lost': {
      // At-most-once or not: an agent that ran it before, or knows nothing of it, does not run it again.
      const afterMs = redeliveryBackoffMs(count.lostInRow)
      if (count.lostInRow >= MAX_LOST_AGENTS) {
        return { kind: 'fail', error: lostForGood(input, `it lost ${count.lost} ${whatRuns(input)}s`) }
      }
      if (afterMs >= remainingMs) return { kind: 'fail', error: lostForGood(input, 'its deadline is over') }
      return { kind: 'deliver_again', afterMs }
    }
    default:
      return outcome satisfies never
  }
}

function retryOr(error: ErrorBody, input: InvokeCommandInput, count: AttemptCount, remainingMs: number): NextStep {
  const { retry, atMostOnce } = input.policy
  if (error.code !== 'command_failed' && error.code !== 'timed_out') return { kind: 'fail', error }
  const asked = isRetryable(error)
  const maxAttempts = (asked ? retry.maxRetryableAttempts : undefined) ?? retry.maxAttempts
  const afterMs =
    retryAfterOf(error) ??
    Math.min(retry.initialIntervalMs * retry.backoffCoefficient ** (count.failed - 1), retry.maxIntervalMs)
  if (count.failed >= maxAttempts || isFinal(error, retry.nonRetryableCodes) || afterMs >= remainingMs) {
    return { kind: 'fail', error }
  }
  if (!atMostOnce) return { kind: 'deliver_again', afterMs }
  const notAgain = `${error.message}; it is at-most-once, so it was not run again`
  return { kind: 'fail', error: asked ? { ...error, message: notAgain } : error }
}

/** Whether the handler threw a `RetryableError`. */
export const isRetryable = (error: ErrorBody): boolean => thrownIn(error)?.retryable === true

function retryAfterOf(error: ErrorBody): number | undefined {
  const afterMs: unknown = isRetryable(error) ? thrownIn(error)?.retryAfterMs : undefined
  // An agent may say anything.
  return typeof afterMs === 'number' && afterMs >= 0 && afterMs <= MAX_RETRY_AFTER_MS ? afterMs : undefined
}

/** What the handler threw, as its agent tells it, which may say anything. */
const thrownIn = ({ code, details }: ErrorBody): Said | undefined =>
  code === 'command_failed' ? detailsOf(details) : undefined

type Said = Partial<Record<keyof HandlerError, unknown>>

const detailsOf = (details: unknown): Said => (isPlainObject(details) ? details : {})

function isFinal(error: ErrorBody, finalCodes: readonly string[]): boolean {
  const { code, name } = detailsOf(error.details)
  if (code === STOPPED_BY_POLICY) return true
  return [code, name].some((named) => isName(named) && finalCodes.includes(String(named)))
}

const isName = (named: unknown): named is string | number => typeof named === 'string' || typeof named === 'number'

/**
 * What says that nothing ran is not so when an earlier delivery did.
 *
 * @param counted how often this delivery is in `count`
 */
function notRunLater(
  error: ErrorBody,
  { command }: InvokeCommandInput,
  count: AttemptCount,
  counted: 0 | 1 = 0,
): ErrorBody {
  const earlier = count.lost + count.failed - counted
  if (earlier === 0 || !SAYS_NOTHING_RAN.has(error.code)) return error
  return {
    ...error,
    code: 'outcome_unknown',
    message: `"${command}" was delivered ${times(earlier)}, and then ${error.message}`,
  }
}

const timedOut = ({ command, deployment }: InvokeCommandInput): ErrorBody => ({
  code: 'timed_out',
  message: `"${command}" started on "${deployment.name}" and ran out of its time; whether its handler still runs is unknown`,
})

/** No agent is to be had any more: it ran nowhere, or it did some time before. */
const noAgent = (input: InvokeCommandInput, count: AttemptCount): ErrorBody =>
  count.lost + count.failed === 0 ? offline(input) : notRedelivered(input, count)

/** What is pushed waits for the vendor's own side. */
const nobodyOf = ({ deployment, transport }: InvokeCommandInput): string =>
  transport === undefined
    ? `no agent of "${deployment.name}"`
    : `no vendor worker (alien worker) that delivers to "${deployment.name}"`

const offline = (input: InvokeCommandInput): ErrorBody => ({
  code: 'deployment_offline',
  message: `${nobodyOf(input)} took "${input.command}" within ${queueWait(input.policy)}; nothing ran`,
})

const notRedelivered = (input: InvokeCommandInput, count: AttemptCount): ErrorBody => ({
  code: 'outcome_unknown',
  message: `"${input.command}" was delivered ${times(count.lost + count.failed)} and ${nobodyOf(input)} took it again within ${queueWait(input.policy)}`,
})

export const lostForGood = (input: InvokeCommandInput, why: string): ErrorBody => ({
  code: 'outcome_unknown',
  message: `the ${whatRuns(input)} of "${input.deployment.name}" that ran "${input.command}" was lost; ${why}, so it was not run again, and whether it finished is unknown`,
})

/** What is pushed to has no agent. */
const whatRuns = ({ transport }: InvokeCommandInput): string => (transport === undefined ? 'agent' : 'runtime')

export const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

function queueWait(policy: InvokeCommandInput['policy']): string {
  const waitMs = Math.min(policy.queueTimeoutMs, policy.deadlineMs ?? Infinity)
  return formatDuration(waitMs)
}
