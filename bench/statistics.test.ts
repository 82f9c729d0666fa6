import { expect, test } from 'vitest'
import { figuresOf, median, percentile, shuffled, spreadOf } from './statistics.js'

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

test('blocks are counted together: all latencies, and the throughput of the middle block', () => {
  const figures = figuresOf([
    { latenciesMs: [10.004, 30], elapsedMs: 100, results: [] },
    { latenciesMs: [20], elapsedMs: 100, results: [] },
    { latenciesMs: [40], elapsedMs: 10_000, results: [] },
  ])
  expect(figures).toEqual({ perSecond: 10, p50Ms: 20, p90Ms: 40, p99Ms: 40, maxMs: 40, calls: 4 })
})

test('the spread of a figure holds it, and is none where all rounds are alike', () => {
  const mean = (rounds: readonly number[]): number => rounds.reduce((sum, round) => sum + round, 0) / rounds.length
  expect(spreadOf([5, 5, 5], mean)).toEqual([5, 5])
  const [low, high] = spreadOf(
    Array.from({ length: 100 }, (_, index) => index),
    mean,
  )
  // The mean is 49.5, and its standard error 2.9: 5.7 to either side.
  expect(low).toBeGreaterThan(41)
  expect(low).toBeLessThan(47)
  expect(high).toBeGreaterThan(52)
  expect(high).toBeLessThan(58)
})

test('a shuffle loses nothing, and leaves what it was given', () => {
  const values = Array.from({ length: 100 }, (_, index) => index)
  const copy = [...values]
  expect(shuffled(values).sort((a, b) => a - b)).toEqual(copy)
  expect(values).toEqual(copy)
})
