/** What a handler gets beside its params. */
import type { ProgressReport } from '../protocol/events.js'
import type { DeploymentRef } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'

/**
 * Writes one line to the agent's log, and shows it to whoever follows the invocation, cut at 8 KB. Never waits: what
 * comes faster than it can be sent is dropped, and counted. Fields are logged as they are: never pass secrets or params.
 */
export type LogMethod = (message: string, fields?: Record<string, unknown>) => void

export interface CommandLog {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}

export interface CommandContext {
  readonly invocationId: string
  /**
   * 1 for the first delivery; more when an earlier one failed and was retried, or its agent was lost. It is that of the
   * delivery that began this run: the handler goes on when only the link was lost, and a later delivery asks for its outcome.
   */
  readonly attempt: number
  /** When this attempt's time is over, by this machine's clock; `undefined` when it may run as long as it likes. */
  readonly deadline: Date | undefined
  /**
   * Aborts when the invocation is canceled, when its time is over, when the agent is told to stop, when the
   * customer throws the kill switch, and when nobody waits for this run any more: another agent has it, or its
   * invocation is gone. Its `reason` is an error that says which. Pass it on to `fetch` and to child processes; then throw, or return what is done.
   */
  readonly signal: AbortSignal
  readonly deployment: DeploymentRef
  readonly log: CommandLog
  /** What an earlier attempt last gave to `checkpoint`; `undefined` when there is none. */
  readonly lastCheckpoint: JsonValue | undefined
  /**
   * Tells whoever follows the invocation how far it is. May be called as often as you like: the latest report counts,
   * those that came and went between two looks are not shown.
   *
   * @throws {CommandError} `invalid_request` for what is no such report, `payload_too_large` for a message that is too
   *   long; nothing is told then
   */
  readonly progress: (report: ProgressReport) => Promise<void>
  /**
   * Keeps `value` for the next attempt, should this one fail or its agent be lost; the latest counts. It is on its way
   * when the promise resolves; what is done within the second before an agent is lost may be done again.
   *
   * @param value any JSON up to 64,000 bytes
   * @throws {CommandError} `invalid_request` for what is no JSON, `payload_too_large`; the one before is kept then
   */
  readonly checkpoint: (value: unknown) => Promise<void>
}
