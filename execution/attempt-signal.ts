/** The abort signal of one attempt: why it fires, and the timer behind it. */
import { CommandError } from '../protocol/errors.js'
import { formatDuration } from '../protocol/format-duration.js'

export interface AttemptSignal extends Disposable {
  readonly signal: AbortSignal
  /** By this machine's clock. */
  readonly deadline: Date | undefined
  /**
   * Rejects with `timed_out` when the time is over, or with what the policy stops it with; never resolves. Once it was
   * canceled neither ends it: what the cancel came to is known only when the handler itself has ended.
   */
  readonly cutShort: Promise<never>
}

/** What the customer's policy makes of it. */
export interface PolicyBounds {
  /** Applies where it is shorter than the attempt's own time. */
  readonly maxRunTimeMs?: number | undefined
  /** Aborts with the error to end the attempt with. */
  readonly stopped?: AbortSignal | undefined
}

/** Node's timers overflow beyond this, and fire at once. Such an attempt is ended by Temporal's own time-out. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * @param canceled Temporal's own signal: the invocation was canceled, or this agent is stopping
 * @param timeoutMs `null` is "no limit"
 */
export function attemptSignal(
  command: string,
  canceled: AbortSignal,
  timeoutMs: number | null,
  { maxRunTimeMs = Infinity, stopped }: PolicyBounds = {},
): AttemptSignal {
  const controller = new AbortController()
  const onCancel = () => controller.abort(canceled.reason)
  if (canceled.aborted) onCancel()
  canceled.addEventListener('abort', onCancel, { once: true })

  let cut: (error: Error) => void = () => undefined
  const cutShort = new Promise<never>((_, reject) => (cut = reject))
  // The handler may have won the race by then, and nobody listens.
  cutShort.catch(() => undefined)
  const end = (error: Error): void => {
    controller.abort(error)
    if (!canceled.aborted) cut(error)
  }
  const onStop = () => end(stopped?.reason as Error)
  stopped?.addEventListener('abort', onStop, { once: true })
  const limitMs = Math.min(timeoutMs ?? Infinity, maxRunTimeMs)
  const timer =
    limitMs > MAX_TIMER_MS
      ? undefined
      : setTimeout(() => end(timedOut(command, limitMs, maxRunTimeMs < (timeoutMs ?? Infinity))), limitMs)
  return {
    signal: controller.signal,
    deadline: limitMs === Infinity ? undefined : new Date(Date.now() + limitMs),
    cutShort,
    [Symbol.dispose]() {
      clearTimeout(timer)
      canceled.removeEventListener('abort', onCancel)
      stopped?.removeEventListener('abort', onStop)
    },
  }
}

function timedOut(command: string, limitMs: number, isPolicys: boolean): CommandError {
  const whose = isPolicys ? ", the longest that the customer's policy lets a command run" : ''
  return new CommandError('timed_out', `"${command}" did not finish within ${formatDuration(limitMs)}${whose}`)
}
