/** Durations as people write them (`"2h"`, `"30s"`) or as milliseconds. */
import ms from 'ms'
import { formatDuration } from './format-duration.js'
import { shownValue } from './shown-value.js'

/**
 * The milliseconds of `"250ms"`, `"30s"`, `"5m"`, `"2h"`, `"7d"`, or of a number that is milliseconds already;
 * `undefined` when it is no duration. Negative values are none.
 */
export function parseDuration(value: unknown): number | undefined {
  const parsed = typeof value === 'string' ? parseText(value.trim()) : value
  if (typeof parsed !== 'number' || !Number.isFinite(parsed) || parsed < 0) return undefined
  return Math.round(parsed)
}

/** The same of a flag or a variable, which is a text always: digits alone are milliseconds. */
export const parseDurationText = (text: string): number | undefined =>
  parseDuration(/^\d+$/.test(text) ? Number(text) : text)

/** `ms` throws for texts that are empty or overlong, and says `undefined` for any other that is no duration. */
function parseText(text: string): number | undefined {
  return text.length >= 1 && text.length <= 40 ? ms(text as ms.StringValue) : undefined
}

/** What is said of a duration that is none, or out of bounds. */
export const notADuration = (value: unknown, minMs: number, maxMs: number): string =>
  `${shownValue(value)} must be a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}, like "30s", "2h" or a number of milliseconds`
