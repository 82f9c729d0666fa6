import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { answerWithin, NoAnswerError, oneAtATime } from './answer-within.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const never = new Promise<never>(() => undefined)

test('an answer in time is the answer, and nothing is left of the wait', async () => {
  await expect(answerWithin(() => Promise.resolve(7))).resolves.toBe(7)
  await expect(answerWithin(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  await expect(
    answerWithin(() => {
      throw new Error('at once')
    }),
  ).rejects.toThrow('at once')
  expect(vi.getTimerCount()).toBe(0)
})

test('one that is late was told when, and gets no word in any more', async () => {
  const startMs = Date.now()
  let deadlineMs = 0
  const answer = answerWithin((atMs) => {
    deadlineMs = atMs
    return never
  })
  const failed = expect(answer).rejects.toThrow(new NoAnswerError())
  await vi.advanceTimersByTimeAsync(2_000)
  await failed
  expect(deadlineMs - startMs).toBe(2_000)
  expect(new NoAnswerError().message).toBe('no answer within 2000 ms')
})

test('what hangs is asked once, and again when it has answered', async () => {
  let asked = 0
  let answer: (value: number) => void = () => undefined
  const ask = oneAtATime(() => {
    asked += 1
    return new Promise<number>((resolve) => (answer = resolve))
  })
  const both = Promise.all([ask(), ask()])
  expect(asked).toBe(1)
  answer(5)
  expect(await both).toEqual([5, 5])
  void ask()
  expect(asked).toBe(2)
})

test('one that failed is asked again', async () => {
  const ask = oneAtATime(vi.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValueOnce(3))
  await expect(ask()).rejects.toThrow('away')
  await expect(ask()).resolves.toBe(3)
})

test('nobody who waits for it is held up by another', async () => {
  const ask = oneAtATime(() => never)
  const late = expect(answerWithin(ask)).rejects.toThrow('no answer')
  await vi.advanceTimersByTimeAsync(2_000)
  await late
})
