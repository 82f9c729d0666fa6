import { expect, test } from 'vitest'
import { parseDuration } from './duration.js'

test.each<[unknown, number]>([
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['1.5s', 1_500],
  ['2 hours', 7_200_000],
  ['  30s\n', 30_000],
  ['1000', 1_000],
  [`${'0'.repeat(37)}30s`, 30_000],
  [0, 0],
  [250, 250],
  [0.6, 1],
])('%j is %d ms', (value, expectedMs) => {
  expect(parseDuration(value)).toBe(expectedMs)
})

test.each<unknown>([
  '',
  '   ',
  'soon',
  '30 seconds ago',
  '1e3',
  '-1s',
  -1,
  NaN,
  Infinity,
  `${'0'.repeat(38)}30s`,
  '9'.repeat(400),
  null,
  undefined,
  true,
  ['30s'],
  {},
])('%j is no duration', (value) => {
  expect(parseDuration(value)).toBeUndefined()
})
