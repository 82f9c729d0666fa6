/** What a handler gets beside its params. */
import type { DeploymentRef } from '../protocol/invocation.js'

/** Writes one line to the agent's log. Fields are logged as they are: never pass secrets or params. */
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
}
