/** What a caller hears of an invocation while it runs. */
import { CommandsClient, type InvocationEvent, type ProgressEvent } from '@alienplatform/sdk/commands'
import { startControlPlane, type ControlPlane } from '@alienplatform/sdk/server'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { Client, Connection } from '@temporalio/client'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { median } from '../bench/statistics.js'
import { plainTemporal } from '../temporal/settings.js'
import { collect, eventStream, type SeenEvent } from './support/events.js'
import { errorOf, lines } from './support/outcome.js'

let stack: TestStack
let client: CommandsClient
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-events-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/long-handlers.ts' })
  client = stack.client()
  await client.invoke('talk', { lines: 0 })
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

const logs = (events: readonly InvocationEvent[]) => events.filter((event) => event.type === 'log')

describe('a caller that follows', () => {
  test('hears all of it in its order, and the outcome last', async () => {
    const handle = await client.start('talk', { lines: 8, waitMs: 150 })
    const events = await collect(handle.events())
    expect(events[0]).toMatchObject({ type: 'status' })
    expect(events.at(-1)).toEqual({ type: 'ended', id: handle.id, status: 'succeeded', result: 8 })
    const time = expect.stringMatching(/^\d{4}-.*Z$/) as string
    expect(logs(events)).toEqual([
      ...Array.from({ length: 8 }, (_, index) => ({
        type: 'log',
        at: time,
        attempt: 1,
        level: 'debug',
        message: `line ${index + 1}`,
        fields: { line: index + 1 },
      })),
      { type: 'log', at: time, attempt: 1, level: 'error', message: 'that was all' },
    ])
    const progress = events.filter((event) => event.type === 'progress')
    expect(progress.length).toBeGreaterThanOrEqual(2)
    expect(progress.at(-1)).toMatchObject({ done: 8, total: 8, attempt: 1 })
    expect(events).toContainEqual({ type: 'status', status: 'running', attempt: 1 })
  })

  test('hears of progress within 1.5 s, where the machine lets it', async () => {
    const handle = await client.start('talk', { lines: 12, waitMs: 200 })
    const delays: number[] = []
    for await (const { at } of handle.progress()) delays.push(Date.now() - Date.parse(at))
    expect(delays.length).toBeGreaterThanOrEqual(4)
    // The first wait is for the invocation to begin; what was said before somebody listened is no delay.
    expect(median(delays.slice(1))).toBeLessThan(1_500)
  })

  test('later hears of a handler that ended after its time', async () => {
    const handle = await client.start('talk', { lines: 2, waitMs: 300 }, { timeoutMs: 400, queueTimeoutMs: 60_000 })
    expect(await errorOf(handle.result())).toMatchObject({ code: 'timed_out' })
    await expect
      .poll(async () => logs(await collect(handle.events())).at(-1))
      .toMatchObject({
        level: 'warn',
        attempt: 1,
        message: expect.stringMatching(
          /^the handler returned \d+ms after its attempt had ended; that changes nothing$/,
        ),
      })
  })

  test('hears what a short command said, though it came later', async () => {
    const handle = await client.start('talk', { lines: 3 })
    expect(logs(await collect(handle.events())).map(({ message }) => message)).toEqual([
      'line 1',
      'line 2',
      'line 3',
      'that was all',
    ])
    // And once more, long after.
    expect(logs(await collect(client.getInvocation(handle.id).events()))).toHaveLength(4)
  })

  test('hears how it ended, badly as well', async () => {
    const handle = await client.start('keep', { keep: 1 }, { retry: { maxAttempts: 1 } })
    expect((await collect(handle.events())).at(-1)).toMatchObject({
      type: 'ended',
      status: 'failed',
      error: { code: 'command_failed', message: '"keep" failed: no' },
    })
  })

  test('may stop at any time', async () => {
    const handle = await client.start('talk', { lines: 20, waitMs: 100 })
    const stop = new AbortController()
    const seen: ProgressEvent[] = []
    const following = (async () => {
      for await (const event of handle.progress({ signal: stop.signal })) {
        seen.push(event)
        stop.abort(new Error('enough'))
      }
    })()
    await expect(following).rejects.toThrow('enough')
    expect(seen).toHaveLength(1)
    expect(await handle.status()).toBe('running')
  })

  test('hears of the next attempt when the agent of the first is killed', async () => {
    const file = join(folder, 'killed')
    const handle = await client.start('migrate', { file, steps: 10, waitMs: 300 }, { heartbeatTimeoutMs: 3_000 })
    const events: InvocationEvent[] = []
    for await (const event of handle.events()) {
      events.push(event)
      const isThird = event.type === 'progress' && event.done === 3 && event.attempt === 1
      if (isThird) process.kill(Number(/process (\d+)/.exec((await lines(file))[0] ?? '')?.[1]), 'SIGKILL')
    }
    const progress = events.filter((event) => event.type === 'progress')
    expect(progress.map(({ attempt }) => attempt)).toContain(2)
    expect(progress.at(-1)).toMatchObject({ done: 10, attempt: 2 })
    expect(events).toContainEqual({ type: 'status', status: 'running', attempt: 2 })
    expect(events.at(-1)).toMatchObject({ type: 'ended', status: 'succeeded', result: { attempt: 2 } })
  })

  test('is told that an invocation is unknown', async () => {
    const unknown = client.getInvocation('inv_nowhere_0123456789abcdef')
    await expect(collect(unknown.events())).rejects.toMatchObject({ code: 'invocation_not_found' })
  })
})

describe('the stream', () => {
  const follow = (id: string, lastEventId?: string) => eventStream(stack.state, id, lastEventId)

  test('numbers what was said, and goes on after any number', async () => {
    const { id } = await client.start('talk', { lines: 5 })
    const all = await collect(follow(id))
    const numbered = all.filter((one) => one.id !== '' && one.type !== 'ended')
    expect(numbered.map((one) => Number(one.id))).toEqual(numbered.map((_, index) => index + 1))
    for (const one of all) expect(one.event.type).toBe(one.type)
    for (const from of [0, 2, numbered.length]) {
      const rest = await collect(follow(id, String(from)))
      expect(rest.filter(({ type }) => type !== 'ended')).toEqual(numbered.slice(from))
      expect(rest.at(-1)?.type).toBe('ended')
    }
  })

  test('goes on in the middle while the handler talks', async () => {
    const { id } = await client.start('talk', { lines: 16, waitMs: 100 })
    const seen: SeenEvent[] = []
    let lastEventId: string | undefined
    let connections = 0
    while (seen.at(-1)?.type !== 'ended') {
      connections += 1
      for await (const one of follow(id, lastEventId)) {
        if (one.type === 'status' && one.id === (lastEventId ?? '')) continue
        seen.push(one)
        lastEventId = one.id
        // The connection is dropped after each line or report.
        if (one.type === 'log') break
      }
    }
    expect(connections).toBeGreaterThan(10)
    expect(logs(seen.map(({ event }) => event)).map(({ message }) => message)).toEqual([
      ...Array.from({ length: 16 }, (_, index) => `line ${index + 1}`),
      'that was all',
    ])
  })

  test.each(['x', '-1', '1.5', '1234567890123456', '1 2'])('does not begin after %j', async (lastEventId) => {
    const { id } = await client.start('talk', { lines: 1 })
    const response = await fetch(`${stack.state.url}/v1/invocations/${id}/events`, {
      headers: { authorization: `Bearer ${stack.state.token}`, 'last-event-id': lastEventId },
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: {
        code: 'invalid_request',
        message: `last-event-id ${JSON.stringify(lastEventId)} must be the id of an event of this stream, a whole number`,
      },
    })
  })

  test('does not begin after what has not been said', async () => {
    const handle = await client.start('talk', { lines: 1 })
    await handle.result()
    const response = await fetch(`${stack.state.url}/v1/invocations/${handle.id}/events`, {
      headers: { authorization: `Bearer ${stack.state.token}`, 'last-event-id': '999999' },
    })
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    expect(error.code).toBe('invalid_request')
    expect(error.message).toMatch(/^last-event-id "999999" is not of this stream, whose newest event has the id \d+; /)
  })

  test('tells what it could not keep, line by line', async () => {
    const count = 300_000
    const { id } = await client.start('flood', { lines: count })
    const events = (await collect(follow(id))).map(({ event }) => event)
    const dropped = events.reduce((sum, event) => sum + (event.type === 'dropped' ? event.count : 0), 0)
    const seen = logs(events)
    expect(seen.length).toBeGreaterThan(500)
    expect(seen.at(-1)?.message).toBe(`line ${count}`)
    expect(dropped).toBeGreaterThan(count / 2)
    // Each line was shown or counted; so are the reports of what it was doing, of which there are a few.
    expect(seen.length + dropped).toBeGreaterThanOrEqual(count)
    expect(seen.length + dropped).toBeLessThanOrEqual(count + 10)
    const numbers = seen.map(({ message }) => Number(message.slice(5)))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  })

  test('none of it is in the history', async () => {
    const { id } = await client.start('talk', { lines: 3, waitMs: 300 })
    await collect(follow(id))
    const connection = await Connection.connect({ address: stack.state.temporalAddress })
    const history = await new Client({ connection }).workflow.getHandle(id).fetchHistory()
    await connection.close()
    expect(
      JSON.stringify(history, (_key, value: unknown) =>
        value instanceof Uint8Array ? String(Buffer.from(value)) : value,
      ),
    ).not.toMatch(/line \d|that was all/)
  })
})

describe('two control planes', () => {
  const token = `key_${randomBytes(32).toString('base64url')}`

  const startOther = (port: number): Promise<ControlPlane> =>
    startControlPlane({
      host: '127.0.0.1',
      port,
      registry: { file: stack.registryFile },
      apiKey: { name: 'other', token },
      temporal: plainTemporal(stack.state.temporalAddress, stack.state.namespace),
      vendorWorker: false,
      log: pino({ level: 'silent' }),
    })

  test('show the same, wherever the agent is connected', async () => {
    const other = await startOther(0)
    onTestFinished(() => other.close())
    const { id } = await client.start('talk', { lines: 8, waitMs: 250 })
    const delays: number[] = []
    const there: SeenEvent[] = []
    for await (const one of eventStream({ url: other.url, token }, id)) {
      there.push(one)
      if (one.event.type === 'progress') delays.push(Date.now() - Date.parse(one.event.at))
    }
    const here = await collect(eventStream(stack.state, id))
    const said = (events: SeenEvent[]) => events.filter(({ type, id: eventId }) => type !== 'status' || eventId !== '')
    expect(said(there)).toEqual(said(here))
    expect(median(delays.slice(1))).toBeLessThan(1_500)
  })

  test('one that drains lets its followers go at once, and they hear the rest from the next', async () => {
    const first = await startOther(0)
    const { id } = await client.start('talk', { lines: 25, waitMs: 100 })
    const follower = new CommandsClient({ deploymentId: 'acme-corp', token, url: first.url }).getInvocation(id)
    let drainedMs = Infinity
    let next: Promise<ControlPlane> | undefined
    const seen: InvocationEvent[] = []
    for await (const event of follower.events()) {
      seen.push(event)
      if (event.type !== 'log' || next !== undefined) continue
      const startMs = performance.now()
      next = first.close().then(() => {
        drainedMs = performance.now() - startMs
        return startOther(Number(new URL(first.url).port))
      })
    }
    await (await next)?.close()
    // It would be held for 55 s.
    expect(drainedMs).toBeLessThan(20_000)
    expect(logs(seen).map(({ message }) => message)).toEqual([
      ...Array.from({ length: 25 }, (_, index) => `line ${index + 1}`),
      'that was all',
    ])
    expect(seen.at(-1)).toMatchObject({ type: 'ended', result: 25 })
  })
})
