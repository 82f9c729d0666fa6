import { status } from '@grpc/grpc-js'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Strangers } from './strangers.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const served = (): void => undefined

test('a connection of which nobody knows who it is ends after 10 s', () => {
  const socket = new PassThrough()
  new Strangers().admit('127.0.0.1:1', socket, served)
  vi.advanceTimersByTime(9_999)
  expect(socket.destroyed).toBe(false)
  vi.advanceTimersByTime(1)
  expect(socket.destroyed).toBe(true)
})

test('one that said who it is stays, and no other for it', () => {
  const strangers = new Strangers()
  const [known, unknown] = [new PassThrough(), new PassThrough()]
  strangers.admit('127.0.0.1:1', known, served)
  strangers.admit('127.0.0.1:2', unknown, served)
  strangers.introduce('127.0.0.1:1')
  vi.advanceTimersByTime(60_000)
  expect(known.destroyed).toBe(false)
  expect(unknown.destroyed).toBe(true)
})

test('of more than 500 that nobody knows the oldest ends, and who is known stays', async () => {
  const strangers = new Strangers()
  const dial = (port: number): PassThrough => {
    const socket = new PassThrough()
    strangers.admit(`127.0.0.1:${port}`, socket, served)
    return socket
  }
  const [known, first, second] = [dial(1), dial(2), dial(3)]
  strangers.introduce('127.0.0.1:1')
  const gone = dial(4).destroy()
  await once(gone, 'close')
  const others = Array.from({ length: 499 }, (_, index) => dial(index + 5))
  await vi.advanceTimersByTimeAsync(1)
  expect(first.destroyed).toBe(true)
  expect([known, second, ...others].filter(({ destroyed }) => destroyed)).toEqual([])
})

test('the end of a connection leaves nothing behind', async () => {
  const strangers = new Strangers()
  strangers.refuse('127.0.0.1:0', status.RESOURCE_EXHAUSTED, served)
  const sockets = [new PassThrough(), new PassThrough()]
  sockets.forEach((socket, index) => strangers.admit(`127.0.0.1:${index}`, socket, served))
  expect(vi.getTimerCount()).toBe(3)
  for (const socket of sockets) await once(socket.destroy(), 'close')
  expect(vi.getTimerCount()).toBe(0)
})

describe('wrong tokens', () => {
  test('end a connection when there are too many, be it of somebody who is known', () => {
    const strangers = new Strangers()
    const socket = new PassThrough()
    strangers.admit('127.0.0.1:1', socket, served)
    strangers.introduce('127.0.0.1:1')
    const end = vi.fn<() => void>()
    for (let count = 0; count < 9; count += 1) strangers.refuse('127.0.0.1:1', status.UNAUTHENTICATED, end)
    expect(end).not.toHaveBeenCalled()
    for (let count = 0; count < 9; count += 1) strangers.refuse('127.0.0.1:1', status.RESOURCE_EXHAUSTED, end)
    expect(end).toHaveBeenCalledOnce()
    // Of a call that was under way.
    strangers.introduce('127.0.0.1:1')
    vi.advanceTimersByTime(9_999)
    expect(socket.destroyed).toBe(false)
    vi.advanceTimersByTime(1)
    expect(socket.destroyed).toBe(true)
  })

  test('are not what could not be looked up', () => {
    const strangers = new Strangers()
    strangers.admit('127.0.0.1:1', new PassThrough(), served)
    const end = vi.fn<() => void>()
    for (let count = 0; count < 99; count += 1) strangers.refuse('127.0.0.1:1', status.UNAVAILABLE, end)
    expect(end).not.toHaveBeenCalled()
  })

  test('have new connections from their address begin one by one, when it showed more than it may', () => {
    const strangers = new Strangers()
    const begun: string[] = []
    const dial = (peer: string): PassThrough => {
      const socket = new PassThrough()
      strangers.admit(peer, socket, () => begun.push(peer))
      return socket
    }
    strangers.refuse('203.0.113.1:1', status.UNAUTHENTICATED, served)
    dial('203.0.113.1:2')
    dial('203.0.113.1:3')
    expect(begun).toEqual(['203.0.113.1:2', '203.0.113.1:3'])
    strangers.refuse('203.0.113.1:1', status.RESOURCE_EXHAUSTED, served)
    for (const peer of ['203.0.113.1:4', '203.0.113.1:5', '203.0.113.2:1']) dial(peer)
    expect(begun.slice(2)).toEqual(['203.0.113.1:4', '203.0.113.2:1'])
    vi.advanceTimersByTime(100)
    expect(begun.slice(4)).toEqual(['203.0.113.1:5'])
    // Of IPv6, the whole network is one: its addresses are no end.
    strangers.refuse('2001:db8:0:1::1:1', status.RESOURCE_EXHAUSTED, served)
    for (const peer of ['2001:db8:0:1::2:1', '2001:db8:0:1::3:1', '2001:db8:0:2::1:1']) dial(peer)
    expect(begun.slice(5)).toEqual(['2001:db8:0:1::2:1', '2001:db8:0:2::1:1'])
    const sockets = Array.from({ length: 60 }, (_, index) => dial(`203.0.113.1:${index + 10}`))
    expect(sockets.filter(({ destroyed }) => destroyed)).toHaveLength(10)
  })
})
