import { expect, test } from 'vitest'
import type { AttemptInput } from '../protocol/invocation.js'
import { afterWait } from './attempt-budget.js'
import { ATTEMPT } from './test-run.testsuite.js'

const attempt = (timeoutMs: number | null, remainingMs: number | null): AttemptInput => ({
  ...ATTEMPT,
  timeoutMs,
  budget: { remainingMs, queueMs: 60_000, scheduleToCloseMs: 105_000, waitedMs: 10_000 },
})

test('what was waited before is gone, and the shorter time counts', () => {
  const timesAfter = (timeoutMs: number | null, remainingMs: number | null, leftMs: number) => {
    const { timeoutMs: left, budget } = afterWait(attempt(timeoutMs, remainingMs), leftMs)
    return { left, ...budget }
  }
  expect(timesAfter(100_000, 100_000, 75_000)).toEqual({
    left: 70_000,
    remainingMs: 70_000,
    queueMs: 30_000,
    waitedMs: 40_000,
    scheduleToCloseMs: 75_000,
  })
  expect(timesAfter(20_000, 100_000, 75_000)).toMatchObject({ left: 20_000, remainingMs: 70_000 })
  expect(timesAfter(20_000, null, 75_000)).toMatchObject({ left: 20_000, remainingMs: null, queueMs: 30_000 })
  expect(timesAfter(null, null, 75_000)).toMatchObject({ left: null, remainingMs: null })
  expect(timesAfter(100_000, 100_000, 1)).toMatchObject({ left: 0, remainingMs: 0, queueMs: 0 })
})

test('a gateway that takes nothing off, or knows of more, changes nothing', () => {
  expect(afterWait(attempt(20_000, 100_000), 105_000)).toEqual(attempt(20_000, 100_000))
  expect(afterWait(attempt(20_000, 100_000), 200_000)).toMatchObject({ timeoutMs: 20_000 })
  expect(afterWait(ATTEMPT, 1)).toBe(ATTEMPT)
})
