import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { attemptSignal } from './attempt-signal.js'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

const never = new AbortController().signal

test('aborts and rejects when the time is over, with the same error', async () => {
  using time = attemptSignal('report', never, 90_000)
  const rejection = expect(time.cutShort).rejects.toMatchObject({
    name: 'CommandError',
    code: 'timed_out',
    message: '"report" did not finish within 1.5m',
  })
  vi.advanceTimersByTime(89_999)
  expect(time.signal.aborted).toBe(false)
  vi.advanceTimersByTime(1)
  expect(time.signal.aborted).toBe(true)
  await rejection
  expect(time.signal.reason).toBe(await time.cutShort.catch((error: unknown) => error))
})

test('tells the deadline by this clock', () => {
  using time = attemptSignal('report', never, 90_000)
  expect(time.deadline).toEqual(new Date(1_090_000))
})

test('without a limit there is no deadline and no timer', () => {
  using time = attemptSignal('report', never, null)
  expect(time.deadline).toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
})

test("a time beyond what Node's timers can count has a deadline, and no timer that would fire at once", () => {
  using longest = attemptSignal('report', never, 2 ** 31 - 1)
  expect(vi.getTimerCount()).toBe(1)
  using longer = attemptSignal('report', never, 2 ** 31)
  expect(vi.getTimerCount()).toBe(1)
  expect(longest.signal.aborted || longer.signal.aborted).toBe(false)
  expect(longer.deadline).toEqual(new Date(1_000_000 + 2 ** 31))
})

test("aborts with Temporal's reason when it is canceled", () => {
  const canceled = new AbortController()
  using time = attemptSignal('report', canceled.signal, null)
  expect(time.signal.aborted).toBe(false)
  const reason = new Error('CANCELLED')
  canceled.abort(reason)
  expect(time.signal.reason).toBe(reason)
})

test('once it is canceled, neither the time nor the policy ends it', async () => {
  const canceled = new AbortController()
  const stopped = new AbortController()
  using time = attemptSignal('report', canceled.signal, 90_000, { stopped: stopped.signal })
  canceled.abort(new Error('CANCELLED'))
  vi.advanceTimersByTime(90_000)
  stopped.abort(new Error('the kill switch was thrown'))
  await expect(Promise.race([time.cutShort, Promise.resolve('it goes on')])).resolves.toBe('it goes on')
})

test('is aborted from the start when the cancel came first', () => {
  const reason = new Error('CANCELLED')
  using time = attemptSignal('report', AbortSignal.abort(reason), null)
  expect(time.signal.reason).toBe(reason)
})

test('disposed, it listens to nothing and keeps no timer', () => {
  const canceled = new AbortController()
  const time = attemptSignal('report', canceled.signal, 1_000)
  time[Symbol.dispose]()
  canceled.abort()
  vi.advanceTimersByTime(2_000)
  expect(time.signal.aborted).toBe(false)
})

describe("under the customer's policy", () => {
  test.each<[number | null, number, number]>([
    [null, 60_000, 60_000],
    [90_000, 60_000, 60_000],
    [2 ** 31, 60_000, 60_000],
  ])('of %s ms and the %d ms that it allows, %d ms are left, and the error says whose they are', async (...cases) => {
    const [timeoutMs, maxRunTimeMs, limitMs] = cases
    using time = attemptSignal('report', never, timeoutMs, { maxRunTimeMs })
    expect(time.deadline).toEqual(new Date(1_000_000 + limitMs))
    const rejection = expect(time.cutShort).rejects.toMatchObject({
      code: 'timed_out',
      message: '"report" did not finish within 1m, the longest that the customer\'s policy lets a command run',
    })
    vi.advanceTimersByTime(limitMs - 1)
    expect(time.signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(time.signal.aborted).toBe(true)
    await rejection
  })

  test.each([60_000, 60_001, undefined])('the time of the command is its own when %s ms are allowed', async (ms) => {
    using time = attemptSignal('report', never, 60_000, { maxRunTimeMs: ms })
    const rejection = expect(time.cutShort).rejects.toMatchObject({ message: '"report" did not finish within 1m' })
    vi.advanceTimersByTime(60_000)
    await rejection
  })

  test('aborts and rejects when it is stopped, with the error that came with it', async () => {
    const stop = new AbortController()
    using time = attemptSignal('report', never, null, { stopped: stop.signal })
    const reason = new Error('stopped')
    const rejection = expect(time.cutShort).rejects.toBe(reason)
    stop.abort(reason)
    expect(time.signal.reason).toBe(reason)
    await rejection
  })

  test('disposed, it cannot be stopped any more', () => {
    const stop = new AbortController()
    const time = attemptSignal('report', never, null, { stopped: stop.signal })
    time[Symbol.dispose]()
    stop.abort(new Error('stopped'))
    expect(time.signal.aborted).toBe(false)
  })
})
