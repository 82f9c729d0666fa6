/** The abort signal of one attempt: why it fires, and the timer behind it. */
import { CommandError } from '../protocol/errors.js'
import { formatDuration } from '../protocol/format-duration.js'

export interface AttemptSignal extends Disposable {
  readonly signal: AbortSignal
  /** By this machine's clock. */
  readonly deadline: Date | undefined
  /** Rejects with `timed_out` when the time is over; never resolves. */
  readonly timedOut: Promise<never>
}

/** Node's timers overflow beyond this, and fire at once. Such an attempt is ended by Temporal's own time-out. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * @param canceled Temporal's own signal: the invocation was canceled, or this agent is stopping
 * @param timeoutMs `null` is "no limit"
 */
export function attemptSignal(command: string, canceled: AbortSignal, timeoutMs: number | null): AttemptSignal {
  const controller = new AbortController()
  const onCancel = () => controller.abort(canceled.reason)
  if (canceled.aborted) onCancel()
  canceled.addEventListener('abort', onCancel, { once: true })

  let timer: NodeJS.Timeout | undefined
  const timedOut = new Promise<never>((_, reject) => {
    if (timeoutMs === null || timeoutMs > MAX_TIMER_MS) return
    timer = setTimeout(() => {
      const error = new CommandError('timed_out', `"${command}" did not finish within ${formatDuration(timeoutMs)}`)
      controller.abort(error)
      reject(error)
    }, timeoutMs)
  })
  // The handler may have won the race by then, and nobody listens.
  timedOut.catch(() => undefined)
  return {
    signal: controller.signal,
    deadline: timeoutMs === null ? undefined : new Date(Date.now() + timeoutMs),
    timedOut,
    [Symbol.dispose]() {
      clearTimeout(timer)
      canceled.removeEventListener('abort', onCancel)
    },
  }
}
