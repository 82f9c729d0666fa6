/**
 * Finds out that the polls of a worker do not arrive, though the control plane can be reached: a connection that broke
 * and nobody was told, or a proxy on the way that holds them for good. To the worker they look like polls that wait.
 */
import { setTimeout as delay } from 'node:timers/promises'

export interface DeafWatchOptions {
  /** Whether the control plane sees the worker's polls. Rejects when it cannot be asked, which says nothing. */
  readonly isReceiving: () => Promise<boolean>
  /** Whether the worker has so much to do that it does not poll. */
  readonly isBusy: () => boolean
  readonly signal: AbortSignal
  /** Between two questions. Default: 7 s. */
  readonly everyMs?: number
  /** Before the second question after a no. Default: 1.5 s. */
  readonly againMs?: number
}

/** The control plane takes an agent for gone after 5 s without a poll; with that, a deaf one is found within 15 s. */
const ASK_EVERY_MS = 7_000
/** Polls begin some moments after a worker does, or after an outage. */
const ASK_AGAIN_MS = 1_500

/** Resolves with `true` once the worker is deaf, with `false` when `signal` aborts. Never rejects. */
export async function untilDeaf({
  isReceiving,
  isBusy,
  signal,
  everyMs = ASK_EVERY_MS,
  againMs = ASK_AGAIN_MS,
}: DeafWatchOptions): Promise<boolean> {
  let misses = 0
  while (await pause(misses === 0 ? everyMs : againMs, signal)) {
    const isHeard = isBusy() || (await isReceiving().catch(() => true))
    misses = isHeard ? 0 : misses + 1
    if (misses === 2) return true
  }
  return false
}

const pause = (timeMs: number, signal: AbortSignal): Promise<boolean> =>
  delay(timeMs, true, { signal, ref: false }).catch(() => false)
