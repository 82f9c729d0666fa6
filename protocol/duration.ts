/** Durations as people write them (`"2h"`, `"30s"`) or as milliseconds. */
import ms from 'ms'

/** `"250ms"`, `"30s"`, `"5m"`, `"2h"`, `"7d"`, or a number of milliseconds. */
export type Duration = string | number

/** The milliseconds of a duration, or `undefined` when it is none. Negative values are none. */
export function parseDuration(value: unknown): number | undefined {
  const parsed = typeof value === 'string' && value.length <= 40 ? ms(value.trim() as ms.StringValue) : value
  if (typeof parsed !== 'number' || !Number.isFinite(parsed) || parsed < 0) return undefined
  return Math.round(parsed)
}

/** The short form for messages: `"2h"`, `"1.5s"`. */
export function formatDuration(durationMs: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const
  for (const [unit, unitMs] of units) {
    if (durationMs >= unitMs) return `${Number((durationMs / unitMs).toFixed(2))}${unit}`
  }
  return `${durationMs}ms`
}
