/** When to try a failed request again. */

const FIRST_MS = 100
const GREATEST_MS = 3_000

/** Doubling from 100 ms to 3 s, up to half of it jitter, so that clients cut off together do not return together. */
export function backoffMs(tries: number, random: () => number = Math.random): number {
  const ceilingMs = Math.min(FIRST_MS * 2 ** tries, GREATEST_MS)
  return ceilingMs / 2 + (random() * ceilingMs) / 2
}

/** `Retry-After` in milliseconds: seconds or an HTTP date; `undefined` when it is neither. */
export function retryAfterMs(header: string | null, nowMs: number = Date.now()): number | undefined {
  if (header === null) return undefined
  const seconds = Number(header)
  if (header.trim() !== '' && Number.isFinite(seconds)) return Math.max(seconds * 1_000, 0)
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(at - nowMs, 0)
}
