import { setImmediate as settled } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { MAX_WAITING, Turns, type Turn } from './turns.js'

const never = () => new AbortController().signal
const ignore = () => undefined

/** Attempts by name, in the order in which they got their turn. */
function attemptsOf(turns: Turns, atOnce: number) {
  const running = new Map<string, Turn>()
  const take = (name: string, { signal = never(), sinceMs = 0 } = {}) =>
    turns.take('migrate', atOnce, { signal, sinceMs }, ignore).then((turn) => void running.set(name, turn))
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
  const wait = { signal: never(), sinceMs: 0 }
  await turns.take('migrate', 1, wait, ignore)
  const onWait = vi.fn()
  await turns.take('report', 1, wait, onWait)
  expect(onWait).not.toHaveBeenCalled()
  void turns.take('migrate', 1, wait, onWait)
  await settled()
  expect(onWait).toHaveBeenCalledOnce()
})

test('who gives up leaves its place to the next', async () => {
  const { running, take, end } = attemptsOf(new Turns(), 1)
  const reason = new Error('canceled')
  const leaving = new AbortController()
  await take('a')
  const left = expect(take('b', { signal: leaving.signal })).rejects.toBe(reason)
  const third = take('c')
  await settled()
  leaving.abort(reason)
  await left
  await end('a')
  await third
  expect([...running.keys()]).toEqual(['c'])
  await expect(take('d', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('few wait; any more are turned away, and others have their turn later', async () => {
  const turns = new Turns()
  const { running, take, end } = attemptsOf(turns, 1)
  const waiting = Array.from({ length: MAX_WAITING + 1 }, (_, index) => take(String(index)))
  await settled()
  await expect(take('one more')).rejects.toMatchObject({
    code: 'unavailable',
    message: 'this agent runs "migrate" 1 at a time, and 50 older attempts wait for their turn already',
  })
  for (let index = 0; index <= MAX_WAITING; index += 1) {
    expect([...running.keys()]).toEqual([String(index)])
    await end(String(index))
  }
  await Promise.all(waiting)
  await take('one more')
})

test('who waits longer goes first, and the youngest is turned away when there is no room', async () => {
  const turns = new Turns()
  const { running, take, end } = attemptsOf(turns, 1)
  await take('first')
  const waiting = Array.from({ length: MAX_WAITING }, (_, index) => take(String(index), { sinceMs: 100 + index }))
  const youngest = expect(waiting.pop()).rejects.toMatchObject({ code: 'unavailable' })
  const back = take('back', { sinceMs: 102.5 })
  await youngest
  await expect(take('as young', { sinceMs: 148 })).rejects.toMatchObject({ code: 'unavailable' })
  for (const name of ['first', '0', '1', '2', 'back', '3']) {
    expect([...running.keys()]).toEqual([name])
    await end(name)
  }
  await back
})

test('the youngest of all commands makes room', async () => {
  const turns = new Turns()
  const wait = (sinceMs: number) => ({ signal: never(), sinceMs })
  await turns.take('report', 1, wait(0), ignore)
  const { take } = attemptsOf(turns, 1)
  await take('first')
  const young = expect(turns.take('report', 1, wait(1_000), ignore)).rejects.toMatchObject({
    message: 'this agent runs "report" 1 at a time, and 50 older attempts wait for their turn already',
  })
  for (let index = 0; index < MAX_WAITING; index += 1) void take(String(index))
  await young
})
