/** Durations as people write them (`"2h"`, `"30s"`) or as milliseconds. */
import ms from 'ms'

/** `"250ms"`, `"30s"`, `"5m"`, `"2h"`, `"7d"`, or a number of milliseconds. */
export type Duration = string | number

/** The milliseconds of a duration, or `undefined` when it is none. Negative values are none. */
export function parseDuration(value: unknown): number | undefined {
  const parsed = typeof value === 'string' ? parseText(value.trim()) : value
  if (typeof parsed !== 'number' || !Number.isFinite(parsed) || parsed < 0) return undefined
  return Math.round(parsed)
}

/** `ms` throws for texts that are empty or overlong, and says `undefined` for any other that is no duration. */
function parseText(text: string): number | undefined {
  return text.length >= 1 && text.length <= 40 ? ms(text as ms.StringValue) : undefined
}
