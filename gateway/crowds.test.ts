import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Crowds } from './crowds.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('connections begin at once, but for an address that showed too many wrong tokens', () => {
  const crowds = new Crowds()
  crowds.notice('203.0.113.1')
  expect([1, 2, 3].map(() => crowds.admit('203.0.113.1'))).toEqual([0, 100, 200])
  expect([1, 2, 3].map(() => crowds.admit('203.0.113.2'))).toEqual([0, 0, 0])
  vi.advanceTimersByTime(150)
  expect(crowds.admit('203.0.113.1')).toBe(150)
})

test('none waits for longer than 5 s', () => {
  const crowds = new Crowds()
  crowds.notice('203.0.113.1')
  const waits = Array.from({ length: 60 }, () => crowds.admit('203.0.113.1'))
  expect(waits.slice(0, 51)).toEqual(Array.from({ length: 51 }, (_, index) => index * 100))
  expect(waits.slice(51)).toEqual(Array<undefined>(9).fill(undefined))
  vi.advanceTimersByTime(100)
  expect(crowds.admit('203.0.113.1')).toBe(5_000)
})

test('it is forgotten 10 s after the last of them', () => {
  const crowds = new Crowds()
  crowds.notice('203.0.113.1')
  vi.advanceTimersByTime(9_000)
  crowds.notice('203.0.113.1')
  vi.advanceTimersByTime(9_000)
  expect([1, 2].map(() => crowds.admit('203.0.113.1'))).toEqual([0, 100])
  // To be admitted is no wrong token.
  vi.advanceTimersByTime(1_001)
  expect([1, 2].map(() => crowds.admit('203.0.113.1'))).toEqual([0, 0])
})
