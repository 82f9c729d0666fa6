/** What a caller hears of an invocation under way: `GET /v1/invocations/{id}/events`. Needs no package. */
import type { Invocation, InvocationStatus, Outcome } from './invocation.js'
import type { JsonValue } from './json.js'

/** How far a handler is, in whatever it counts. */
export interface ProgressReport {
  readonly done?: number
  readonly total?: number
  /** A few words for people; at most 1,000 characters. */
  readonly message?: string
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

interface Said {
  /** ISO 8601, by the agent's clock. */
  readonly at: string
  readonly attempt: number
}

export interface ProgressEvent extends Said, ProgressReport {
  readonly type: 'progress'
}

export interface LogEvent extends Said {
  readonly type: 'log'
  readonly level: LogLevel
  /** At most 8 KB; what was longer ends with a mark. */
  readonly message: string
  readonly fields?: { readonly [name: string]: JsonValue }
}

/** What is kept for each invocation is bounded: so many events are missing here. */
export interface DroppedEvent {
  readonly type: 'dropped'
  readonly count: number
}

/** Where the invocation stands now. */
export interface StatusEvent {
  readonly type: 'status'
  readonly status: InvocationStatus
  readonly attempt?: number
}

/** The last event: what it came to. */
export interface EndedEvent extends Outcome, Pick<Invocation, 'id'> {
  readonly type: 'ended'
}

export type InvocationEvent = ProgressEvent | LogEvent | DroppedEvent | StatusEvent | EndedEvent
