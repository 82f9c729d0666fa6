import { expect, test } from 'vitest'
import { nextModifiedAt } from './local-version.js'

test('modification times are now, and never the same twice', () => {
  const times = Array.from({ length: 1000 }, nextModifiedAt)
  expect(new Set(times).size).toBe(1000)
  expect([...times].sort((a, b) => a - b)).toEqual(times)
  expect(Math.abs(Date.now() / 1000 - (times[0] ?? 0))).toBeLessThan(1)
})
