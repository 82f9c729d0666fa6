import { describe, expect, test } from 'vitest'
import type { AgentEvent } from '../protocol/agent-events.js'
import { EventBuffer } from './event-buffer.js'

const at = '2030-01-01T00:00:00.000Z'
const line = (message: string): AgentEvent => ({ type: 'log', at, level: 'info', message })
const progress = (done: number): AgentEvent => ({ type: 'progress', at, done })

function bufferOf(...events: AgentEvent[]): EventBuffer {
  const buffer = new EventBuffer()
  for (const event of events) buffer.push(event, 0)
  return buffer
}

test('what was said comes out in its order, once', () => {
  const buffer = bufferOf(line('a'), progress(1), line('b'))
  expect(buffer.isEmpty).toBe(false)
  expect(buffer.take(Infinity)).toEqual([line('a'), progress(1), line('b')])
  expect(buffer.isEmpty).toBe(true)
  expect(buffer.take(Infinity)).toEqual([])
})

test('of progress the latest is left, where it was said', () => {
  const buffer = bufferOf(progress(1), progress(2), line('a'), progress(3), line('b'))
  expect(buffer.take(Infinity)).toEqual([line('a'), progress(3), line('b')])
  buffer.push(progress(4), 0)
  expect(buffer.take(Infinity)).toEqual([progress(4)])
})

test('100,000 reports of progress are one', () => {
  const buffer = new EventBuffer()
  for (let done = 1; done <= 100_000; done += 1) buffer.push(progress(done), 0)
  expect(buffer.bytes).toBeLessThan(1_000)
  expect(buffer.take(Infinity)).toEqual([progress(100_000)])
})

describe('a full buffer', () => {
  test('has dropped the oldest, and says how many', () => {
    const buffer = new EventBuffer()
    for (let count = 0; count < 1_000_000; count += 1) buffer.push(line(String(count)), 0)
    const [first, second, ...rest] = buffer.take(Infinity)
    expect(first).toEqual({ type: 'dropped', count: 999_000 })
    expect(second).toEqual(line('999000'))
    expect(rest).toHaveLength(999)
    expect(rest.at(-1)).toEqual(line('999999'))
  })

  test('is full by bytes as well', () => {
    const buffer = new EventBuffer()
    for (let count = 0; count < 100; count += 1) buffer.push(line(String(count)), 8_092)
    expect(buffer.bytes).toBeLessThanOrEqual(256 * 1_024)
    const [first, ...rest] = buffer.take(Infinity)
    expect(first).toEqual({ type: 'dropped', count: 68 })
    expect(rest).toHaveLength(32)
  })

  test('does not count progress that was replaced', () => {
    const buffer = new EventBuffer()
    for (let count = 0; count < 3_000; count += 1) {
      buffer.push(line(String(count)), 0)
      buffer.push(progress(count), 0)
    }
    const [first, ...rest] = buffer.take(Infinity)
    const lines = rest.filter(({ type }) => type === 'log').length
    expect(first).toEqual({ type: 'dropped', count: 3_000 - lines })
    expect(rest.at(-1)).toEqual(progress(2_999))
    expect(buffer.bytes).toBe(0)
  })
})

test('so much is taken at a time, and one event at least', () => {
  const buffer = new EventBuffer()
  for (const name of ['a', 'b', 'c']) buffer.push(line(name), 400)
  expect(buffer.take(1_000)).toEqual([line('a'), line('b')])
  expect(buffer.take(1)).toEqual([line('c')])
})

test('what was taken and did not arrive is counted, with what it counted itself', () => {
  const buffer = bufferOf(line('later'))
  buffer.lose([{ type: 'dropped', count: 5 }, line('a')])
  expect(buffer.take(Infinity)).toEqual([{ type: 'dropped', count: 6 }, line('later')])
})

test('all may be dropped but the count', () => {
  const buffer = bufferOf(line('a'), line('b'))
  buffer.dropAll()
  expect(buffer.bytes).toBe(0)
  expect(buffer.take(Infinity)).toEqual([{ type: 'dropped', count: 2 }])
})
