import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Strangers } from './strangers.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a connection of which nobody knows who it is ends after 10 s', () => {
  const connection = new PassThrough()
  new Strangers().admit('127.0.0.1:1', connection)
  vi.advanceTimersByTime(9_999)
  expect(connection.destroyed).toBe(false)
  vi.advanceTimersByTime(1)
  expect(connection.destroyed).toBe(true)
})

test('one that said who it is stays, and no other for it', () => {
  const strangers = new Strangers()
  const [known, unknown] = [new PassThrough(), new PassThrough()]
  strangers.admit('127.0.0.1:1', known)
  strangers.admit('127.0.0.1:2', unknown)
  strangers.introduce('127.0.0.1:1')
  vi.advanceTimersByTime(60_000)
  expect(known.destroyed).toBe(false)
  expect(unknown.destroyed).toBe(true)
})

test('the end of a connection leaves nothing behind', async () => {
  const connection = new PassThrough()
  new Strangers().admit('127.0.0.1:1', connection)
  expect(vi.getTimerCount()).toBe(1)
  await once(connection.destroy(), 'close')
  expect(vi.getTimerCount()).toBe(0)
})
