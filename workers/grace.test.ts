import { expect, test } from 'vitest'
import { parseGrace } from './grace.js'

test.each([
  [undefined, 10_000],
  ['', 10_000],
  ['0', 0],
  ['1500', 1_500],
  ['5m', 300_000],
  ['1d', 86_400_000],
])('%j is %d ms', (value, graceMs) => {
  expect(parseGrace(value)).toBe(graceMs)
})

test.each(['soon', '-1s', '25h'])('%j is none', (value) => {
  expect(() => parseGrace(value)).toThrow(`grace "${value}" must be a duration up to 1d, like "10s" or "5m"`)
})
