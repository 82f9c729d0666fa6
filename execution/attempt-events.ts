import type { LogLevel, ProgressReport } from '../protocol/events.js'

/** Where an attempt's events go on their way to whoever follows the invocation. Never waits, never throws. */
export interface AttemptEvents {
  /** The handler was entered. */
  readonly started: () => void
  readonly progress: (report: ProgressReport) => void
  readonly log: (level: LogLevel, message: string, fields?: Record<string, unknown>) => void
  /** All was said in the attempt's time; what waits is sent at once. */
  readonly end: () => void
  /** A warning that comes after the end. */
  readonly late: (message: string) => void
}
