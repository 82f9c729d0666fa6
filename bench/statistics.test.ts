import { expect, test } from 'vitest'
import { figuresOf, median, percentile } from './statistics.js'

test('a percentile is the nearest value that was measured', () => {
  const oneToHundred = Array.from({ length: 100 }, (_, index) => index + 1)
  expect([50, 90, 99, 100].map((percent) => percentile(oneToHundred, percent))).toEqual([50, 90, 99, 100])
  expect(percentile([7, 9], 50)).toBe(7)
  expect(percentile([7, 9], 51)).toBe(9)
})

test('a percentile of nothing is refused', () => {
  expect(() => percentile([], 50)).toThrow('no values to take a percentile of')
})

test('the median takes values in any order, and leaves them in it', () => {
  const values = [30, 1, 2]
  expect(median(values)).toBe(2)
  expect(values).toEqual([30, 1, 2])
})

test('blocks are counted together: all latencies, and the calls by the time of all blocks', () => {
  const figures = figuresOf([
    { latenciesMs: [10.004, 30], elapsedMs: 150, results: [] },
    { latenciesMs: [20], elapsedMs: 350, results: [] },
  ])
  expect(figures).toEqual({ perSecond: 6, p50Ms: 20, p90Ms: 30, p99Ms: 30, calls: 3 })
})
