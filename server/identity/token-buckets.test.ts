import { expect, test } from 'vitest'
import { TokenBuckets } from './token-buckets.js'

test('after a quiet time, a burst is taken at once, and then as many as come in', () => {
  const buckets = new TokenBuckets({ perSecond: 10, burst: 3 })
  const at = (ms: number) => buckets.take('a', ms)
  expect([at(0), at(0), at(0), at(0)]).toEqual([0, 0, 0, 100])
  expect(at(50)).toBe(50)
  expect(at(100)).toBe(0)
  expect(at(100)).toBe(100)
  // However long it was quiet, no more than a burst.
  expect([at(60_000), at(60_000), at(60_000), at(60_000)]).toEqual([0, 0, 0, 100])
})

test('a call that was refused takes nothing', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 })
  expect(buckets.take('a', 0)).toBe(0)
  for (const ms of [250, 500, 750]) expect(buckets.take('a', ms)).toBe(1_000 - ms)
  expect(buckets.take('a', 1_000)).toBe(0)
})

test('each has a bucket of its own', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 })
  expect(buckets.take('a', 0)).toBe(0)
  expect(buckets.take('a', 0)).toBe(1_000)
  expect(buckets.take('b', 0)).toBe(0)
})

test('of very many, those that called last are remembered', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 })
  for (let who = 0; who <= 50_000; who += 1) buckets.take(String(who), 0)
  expect(buckets.take('50000', 0)).toBe(1_000)
  expect(buckets.take('1', 0)).toBe(1_000)
  expect(buckets.take('0', 0)).toBe(0)
})
