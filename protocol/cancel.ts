/** Canceling an invocation, and what that comes to. Needs no package: workflow code and the light client read this file. */
import { SAYS_NOTHING_RAN, type ErrorCode } from './error-codes.js'
import type { Invocation } from './invocation.js'

export const CANCEL_VERDICTS = ['not_started', 'stopped', 'finished_first', 'unknown'] as const

/**
 *  not_started     its handler was not entered; nothing ran
 *  stopped         its handler was told, and ended because of that
 *  finished_first  it ended by itself before it could be stopped
 *  unknown         its agent is silent, or its handler goes on in spite of it, or an earlier run of it may
 */
export type CancelVerdict = (typeof CANCEL_VERDICTS)[number]

/** Of a cancel that comes when the invocation has ended, with this error if any. */
export function verdictAfter(code: ErrorCode | undefined): CancelVerdict {
  if (code === undefined) return 'finished_first'
  if (SAYS_NOTHING_RAN.has(code)) return 'not_started'
  return MAY_GO_ON.has(code) ? 'unknown' : 'finished_first'
}

/** `canceled` by Temporal's own means: what became of the handler is not in it. */
const MAY_GO_ON: ReadonlySet<ErrorCode> = new Set(['outcome_unknown', 'timed_out', 'canceled', 'internal'])

/** What the workflow's update `cancel` is given. */
export interface CancelRequest {
  /** Why, to people. */
  readonly reason?: string | undefined
}

/** The answer to `POST /v1/invocations/{id}/cancel`. */
export interface CancelAnswer {
  /** Absent while its handler is still busy stopping. */
  readonly verdict?: CancelVerdict
  readonly invocation: Invocation
}

export const CANCEL_UPDATE = 'cancel'

export const MAX_CANCEL_REASON_LENGTH = 1_000

/** How an agent tells what a cancel came to. */
export interface StoppedDetails {
  /** Whether the handler ended because it was told to; else it goes on. */
  readonly stopped: boolean
  /** Whether it was entered at all. */
  readonly entered: boolean
  /** Attempts that its process had of this one run of the handler; absent: 1, and of earlier agents. */
  readonly attempts?: number | undefined
}

/** How an agent that gives an attempt back, since it stops, tells what became of its handler. */
export interface GivenBackDetails {
  /** Whether the handler has ended, and with it all that the agent had of the run; else it may go on. */
  readonly ended: boolean
}

/** How long a handler may take to clean up after it was told to stop, before the agent gives up on it. */
export const CANCEL_GRACE_MS = 30_000
