import { expect, test } from 'vitest'
import { formatDuration } from './format-duration.js'

test.each([
  [0, '0ms'],
  [1, '1ms'],
  [999, '999ms'],
  [1_000, '1s'],
  [1_500, '1.5s'],
  [1_234, '1.23s'],
  [60_000, '1m'],
  [90_000, '1.5m'],
  [3_600_000, '1h'],
  [7_200_000, '2h'],
  [86_400_000, '1d'],
  [365 * 86_400_000, '365d'],
])('%d ms reads %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text)
})
