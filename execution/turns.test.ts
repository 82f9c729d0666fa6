import { setImmediate as settled } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { MAX_WAITING, Turns, type Turn } from './turns.js'

const never = () => new AbortController().signal
const ignore = () => undefined

/** Attempts by name, in the order in which they got their turn. */
function attemptsOf(turns: Turns, atOnce: number) {
  const running = new Map<string, Turn>()
  const take = (name: string, signal = never()) =>
    turns.take('migrate', atOnce, signal, ignore).then((turn) => void running.set(name, turn))
  const end = async (name: string) => {
    running.get(name)?.[Symbol.dispose]()
    running.delete(name)
    await settled()
  }
  return { running, take, end }
}

test('so many run at once, and the others follow in order', async () => {
  const { running, take, end } = attemptsOf(new Turns(), 2)
  const all = Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => take(name)))
  await settled()
  expect([...running.keys()]).toEqual(['a', 'b'])
  await end('b')
  expect([...running.keys()]).toEqual(['a', 'c'])
  await end('a')
  await end('c')
  expect([...running.keys()]).toEqual(['d', 'e'])
  await all
  await end('d')
  await end('e')
  await take('f')
  await take('g')
  expect([...running.keys()]).toEqual(['f', 'g'])
})

test('one command does not wait for another', async () => {
  const turns = new Turns()
  await turns.take('migrate', 1, never(), ignore)
  const onWait = vi.fn()
  await turns.take('report', 1, never(), onWait)
  expect(onWait).not.toHaveBeenCalled()
  void turns.take('migrate', 1, never(), onWait)
  await settled()
  expect(onWait).toHaveBeenCalledOnce()
})

test('who gives up leaves its place to the next', async () => {
  const { running, take, end } = attemptsOf(new Turns(), 1)
  const reason = new Error('canceled')
  const leaving = new AbortController()
  await take('a')
  const left = expect(take('b', leaving.signal)).rejects.toBe(reason)
  const third = take('c')
  await settled()
  leaving.abort(reason)
  await left
  await end('a')
  await third
  expect([...running.keys()]).toEqual(['c'])
  await expect(take('d', AbortSignal.abort(reason))).rejects.toBe(reason)
})

test('few wait; any more are turned away, and others have their turn later', async () => {
  const turns = new Turns()
  const { running, take, end } = attemptsOf(turns, 1)
  const waiting = Array.from({ length: MAX_WAITING + 1 }, (_, index) => take(String(index)))
  await settled()
  await expect(take('one more')).rejects.toMatchObject({
    code: 'unavailable',
    message: 'this agent runs "migrate" 1 at a time, and 50 attempts wait for their turn already',
  })
  for (let index = 0; index <= MAX_WAITING; index += 1) {
    expect([...running.keys()]).toEqual([String(index)])
    await end(String(index))
  }
  await Promise.all(waiting)
  await take('one more')
})
