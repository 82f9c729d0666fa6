import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LateRefusals } from './late-refusals.js'
import type { Exchange } from './route.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const exchange = (draining = new AbortController().signal) => {
  const [socket, response] = [new PassThrough(), new EventEmitter()]
  return { socket, response, exchange: { deps: { draining }, request: { socket }, response } as unknown as Exchange }
}

/** Whether it may be answered by now. */
const waiting = (refusals: LateRefusals, given: Exchange) => {
  const done = vi.fn<() => void>()
  void refusals.wait(given).then(done)
  return done
}

test('a refusal comes after a second', async () => {
  const done = waiting(new LateRefusals(), exchange().exchange)
  await vi.advanceTimersByTimeAsync(999)
  expect(done).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(done).toHaveBeenCalled()
})

test('waits for nobody who is gone, nor while we drain', async () => {
  const refusals = new LateRefusals()
  const [left, drained] = [exchange(), exchange(AbortSignal.abort())]
  const done = [waiting(refusals, left.exchange), waiting(refusals, drained.exchange)]
  left.response.emit('close')
  await vi.advanceTimersByTimeAsync(0)
  expect(done[0]).toHaveBeenCalled()
  expect(done[1]).toHaveBeenCalled()
})

test('no more wait than there is room for: the connection of one more ends', async () => {
  const refusals = new LateRefusals(2)
  const [first, second, third, later] = [exchange(), exchange(), exchange(), exchange()]
  for (const each of [first, second, third]) waiting(refusals, each.exchange)
  await vi.advanceTimersByTimeAsync(1_000)
  waiting(refusals, later.exchange)
  const ended = [first, second, third, later].map(({ socket }) => socket.destroyed)
  expect(ended).toEqual([false, false, true, false])
})
