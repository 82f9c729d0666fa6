import { expect, test } from 'vitest'
import { backoffMs, retryAfterMs } from './backoff.js'

test.each([
  [0, 50, 100],
  [1, 100, 200],
  [4, 800, 1_600],
  [5, 1_500, 3_000],
  [50, 1_500, 3_000],
])('try %d waits from %d to %d ms', (tries, leastMs, mostMs) => {
  expect(backoffMs(tries, () => 0)).toBe(leastMs)
  expect(backoffMs(tries, () => 1)).toBe(mostMs)
})

test('is different for clients that were cut off together', () => {
  expect(new Set(Array.from({ length: 20 }, () => backoffMs(0))).size).toBeGreaterThan(1)
})

const nowMs = Date.parse('2026-01-01T00:00:00Z')

test.each<[string | null, number | undefined]>([
  ['2', 2_000],
  ['0', 0],
  ['1.5', 1_500],
  ['-3', 0],
  ['Thu, 01 Jan 2026 00:00:07 GMT', 7_000],
  ['Wed, 31 Dec 2025 23:59:59 GMT', 0],
  ['', undefined],
  [' ', undefined],
  ['soon', undefined],
  ['Infinity', undefined],
  [null, undefined],
])('Retry-After %j is %j ms', (header, expectedMs) => {
  expect(retryAfterMs(header, nowMs)).toBe(expectedMs)
})
