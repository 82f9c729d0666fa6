import { createServer, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { listening } from '../../tests/support/listening.js'
import { createHandlerRuntime } from './handler-runtime.js'
import { sharedStorage, TestControlPlane, testEnvelope, testSettings } from './control-plane.testsuite.js'
import type { Handler } from '../../sdk/command.js'

type Given = Parameters<typeof testSettings>[2]

async function world(handler: Handler, given?: Given) {
  const plane = await TestControlPlane.start()
  const newRuntime = () => createHandlerRuntime('test', testSettings(plane, handler, given))
  return { plane, runtime: newRuntime(), newRuntime }
}

/** A handler that is entered, told to go on, and counts. */
function gated() {
  let goOn: (value: unknown) => void = () => undefined
  const opened = new Promise((resolve) => (goOn = resolve))
  let entered: () => void = () => undefined
  const wasEntered = new Promise<void>((resolve) => (entered = resolve))
  const handler = vi.fn(async (_params: unknown, { signal }: { signal: AbortSignal }) => {
    entered()
    const aborted = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    return Promise.race([opened, aborted])
  })
  return { handler, goOn, wasEntered }
}

describe('what it reports', () => {
  test.each([null, false, 0, '', [], {}, 'text', [1, { a: null }], 1e21])('the result %j', async (result) => {
    const { plane, runtime } = await world(() => result)
    await expect(runtime.deliver(testEnvelope(plane.url))).resolves.toMatchObject({ kind: 'done' })
    expect(plane.responses).toStrictEqual([{ attempt: 1, status: 'succeeded', result }])
  })

  test('a thrown error, with code and details', async () => {
    const { plane, runtime } = await world(() => {
      throw Object.assign(new TypeError('no disk'), { code: 'E_DISK', details: { free: 0 } })
    })
    await runtime.deliver(JSON.stringify(testEnvelope(plane.url)))
    expect(plane.responses).toStrictEqual([
      {
        attempt: 1,
        status: 'failed',
        error: {
          code: 'command_failed',
          message: '"report" failed: TypeError: no disk',
          details: { name: 'TypeError', message: 'no disk', code: 'E_DISK', details: { free: 0 } },
        },
      },
    ])
  })

  test('params that break the schema', async () => {
    const handler = vi.fn()
    const { plane, runtime } = await world(handler, { options: { params: z.object({ days: z.number() }) } })
    await runtime.deliver(testEnvelope(plane.url, { params: { days: 'x' } }))
    expect(plane.responses).toMatchObject([{ status: 'failed', error: { code: 'invalid_params' } }])
    expect(handler).not.toHaveBeenCalled()
  })

  test('a command that it does not have', async () => {
    const { plane, runtime } = await world(() => 1)
    await runtime.deliver(testEnvelope(plane.url, { command: 'reprt' }))
    expect(plane.responses).toStrictEqual([
      {
        attempt: 1,
        status: 'failed',
        error: {
          code: 'command_not_found',
          message: 'deployment "acme-corp" has no command "reprt"; the nearest name is "report"',
          details: { nearest: ['report'] },
        },
      },
    ])
  })

  test('who it is, to a ping', async () => {
    const { plane, runtime } = await world(() => 1)
    await runtime.deliver(testEnvelope(plane.url, { command: 'alien.ping' }))
    expect(plane.responses).toMatchObject([
      { status: 'succeeded', result: { runtime: 'test', manifest: [{ name: 'report', policy: {} }] } },
    ])
  })

  test('its checkpoint, and what the handler said', async () => {
    const { plane, runtime } = await world(async (_, { log, checkpoint, lastCheckpoint }) => {
      log.info('begun', { at: 1 })
      await checkpoint({ page: 7 })
      return lastCheckpoint
    })
    await runtime.deliver(testEnvelope(plane.url, { attempt: { attempt: 2, checkpoint: { page: 6 } } }))
    expect(plane.responses).toMatchObject([
      {
        attempt: 2,
        result: { page: 6 },
        checkpoint: { page: 7 },
        events: {
          first: 1,
          events: [{ type: 'started' }, { message: 'begun', fields: { at: 1 } }, { type: 'finished' }],
        },
      },
    ])
  })

  test('that its result cannot be read on the other side', async () => {
    const { plane, runtime } = await world(() => JSON.parse('['.repeat(1_500) + ']'.repeat(1_500)) as unknown)
    await expect(runtime.deliver(testEnvelope(plane.url))).resolves.toMatchObject({ kind: 'done' })
    expect(plane.responses).toStrictEqual([
      {
        attempt: 1,
        status: 'failed',
        error: {
          code: 'invalid_result',
          message:
            'the control plane does not take what "report" came to: the result is nested more than 1000 levels deep',
        },
      },
    ])
  })

  test.each([
    ['', 'through the proxy'],
    ['127.0.0.1', 'past it'],
  ])('with NO_PROXY "%s", %s', async (noProxy, way) => {
    const tunnels: string[] = []
    const proxy = createServer().on('connect', ({ url = '' }: IncomingMessage, socket: Socket) => {
      tunnels.push(url)
      const onward = connect(Number(url.split(':')[1]), '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
      socket.pipe(onward).pipe(socket)
      onTestFinished(() => void onward.destroy())
    })
    const port = await listening(proxy)
    onTestFinished(() => void proxy.close())
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${port}`)
    vi.stubEnv('NO_PROXY', noProxy)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { plane, runtime } = await world(() => 'done')
    await runtime.deliver(testEnvelope(plane.url))
    expect(plane.responses).toMatchObject([{ result: 'done' }])
    expect([...new Set(tunnels)]).toStrictEqual(way === 'past it' ? [] : [new URL(plane.url).host])
  })

  test('nothing to the control plane when the answer is waited for', async () => {
    const { plane, runtime } = await world(() => 5)
    const end = await runtime.deliver(testEnvelope(plane.url, { response: { isReturned: true } }), 30_000, true)
    expect(end).toStrictEqual({ kind: 'done', response: { attempt: 1, status: 'succeeded', result: 5 } })
    expect(plane.requests).toStrictEqual([])
  })
})

describe('time', () => {
  test('ends a handler before the platform does, and says so', async () => {
    const { plane, runtime } = await world(() => new Promise(() => undefined))
    await runtime.deliver(testEnvelope(plane.url), 1_500)
    expect(plane.responses).toMatchObject([{ status: 'failed', error: { code: 'timed_out' } }])
  })

  test.each([-300_000, 300_000])('is no matter of the clocks: the vendor is off by %d ms', async (skewMs) => {
    const { plane, runtime } = await world(() => 'done')
    const sentAt = new Date(Date.now() + skewMs).toISOString()
    const envelope = { ...testEnvelope(plane.url, { sentAt, attempt: { timeoutMs: 5_000 } }), deadlineAt: sentAt }
    await runtime.deliver(envelope, 60_000)
    expect(plane.responses).toMatchObject([{ status: 'succeeded', result: 'done' }])
  })

  test('a cancel reaches the handler with the answer to a heartbeat', async () => {
    const { handler, wasEntered } = gated()
    const { plane, runtime } = await world(handler)
    const end = runtime.deliver(testEnvelope(plane.url))
    await wasEntered
    const askedAt = Date.now()
    plane.answer = { cancelRequested: true, final: false }
    await end
    expect(plane.responses).toStrictEqual([
      { attempt: 1, status: 'canceled', stopped: true, entered: true, events: plane.responses[0]?.events },
    ])
    expect(Date.now() - askedAt).toBeLessThan(10_000)
  })

  test('progress goes with heartbeats', async () => {
    const { goOn, handler } = gated()
    const { plane, runtime } = await world(async (params, context) => {
      await context.progress({ done: 1, total: 2 })
      return handler(params, context)
    })
    const end = runtime.deliver(testEnvelope(plane.url))
    await plane.until(() => plane.heartbeats.some(({ progress }) => progress?.done === 1))
    goOn(1)
    await end
    expect(plane.heartbeats.at(-1)?.events?.events).toMatchObject([{ type: 'started' }, { type: 'progress', done: 1 }])
  })
})

describe('what comes again', () => {
  test('five times at once: its handler is entered once', async () => {
    const { goOn, handler, wasEntered } = gated()
    const { plane, runtime } = await world(handler)
    const ends = Array.from({ length: 5 }, () => runtime.deliver(testEnvelope(plane.url)))
    await wasEntered
    goOn('once')
    for (const end of await Promise.all(ends)) expect(end.kind).toBe('done')
    expect(handler).toHaveBeenCalledTimes(1)
    expect(plane.responses).toHaveLength(1)
  })

  test('one after the other: the outcome is told, and not made again', async () => {
    const handler = vi.fn(() => 'once')
    const { plane, runtime } = await world(handler)
    await runtime.deliver(testEnvelope(plane.url))
    await runtime.deliver(testEnvelope(plane.url))
    await runtime.deliver(testEnvelope(plane.url, { attempt: { attempt: 2, deliveredBefore: 1 } }))
    expect(handler).toHaveBeenCalledTimes(1)
    expect(plane.responses.map((response) => 'result' in response && response.result)).toStrictEqual([
      'once',
      'once',
      'once',
    ])
  })

  test('to another instance, after the outcome could not be reported', async () => {
    const handler = vi.fn(() => 'kept')
    const { plane, runtime, newRuntime } = await world(handler, { runsStorage: sharedStorage() })
    plane.isDown = true
    const first = await runtime.deliver(testEnvelope(plane.url), 3_000)
    expect(first).toMatchObject({ kind: 'unreported', redeliver: true, error: { code: 'unavailable' } })
    plane.isDown = false
    await newRuntime().deliver(testEnvelope(plane.url))
    // The first instance's last try may still have been on its way when the control plane came back.
    expect(plane.responses).not.toHaveLength(0)
    for (const response of plane.responses) {
      expect(response).toMatchObject({ attempt: 1, status: 'succeeded', result: 'kept' })
    }
    expect(handler).toHaveBeenCalledTimes(1)
  })

  test('an at-most-once run that another instance began is not run again', async () => {
    const { handler, wasEntered } = gated()
    const { plane, runtime, newRuntime } = await world(handler, {
      runsStorage: sharedStorage(),
      options: { atMostOnce: true },
    })
    void runtime.deliver(testEnvelope(plane.url))
    await wasEntered
    await newRuntime().deliver(testEnvelope(plane.url, { attempt: { attempt: 2, deliveredBefore: 1 } }))
    expect(handler).toHaveBeenCalledTimes(1)
    expect(plane.responses).toMatchObject([{ status: 'failed', error: { code: 'outcome_unknown' } }])
  })

  test('an at-most-once run whose outcome nobody else would know of is not asked for again', async () => {
    const { plane, runtime } = await world(() => 1, { options: { atMostOnce: true } })
    plane.isDown = true
    const end = await runtime.deliver(testEnvelope(plane.url), 1_500)
    expect(end).toMatchObject({ kind: 'unreported', redeliver: false })
  })

  test('the control plane is away when the handler ends: the result arrives when it is back', async () => {
    const { goOn, handler, wasEntered } = gated()
    const { plane, runtime } = await world(handler)
    const end = runtime.deliver(testEnvelope(plane.url))
    await wasEntered
    plane.isDown = true
    goOn('late')
    const refusedPuts = () => plane.requests.filter((path) => path.endsWith('/response')).length
    await plane.until(() => refusedPuts() === 3)
    plane.isDown = false
    await expect(end).resolves.toMatchObject({ kind: 'done' })
    expect(plane.responses).toMatchObject([{ status: 'succeeded', result: 'late' }])
  })

  test('an invocation that was canceled is not run, and told so', async () => {
    const handler = vi.fn()
    const { plane, runtime } = await world(handler)
    plane.answer = { cancelRequested: true, final: false }
    await expect(runtime.deliver(testEnvelope(plane.url))).resolves.toMatchObject({ kind: 'done' })
    expect(handler).not.toHaveBeenCalled()
    expect(plane.responses).toStrictEqual([{ attempt: 1, status: 'canceled', stopped: true, entered: false }])
  })

  test('an invocation that is over is not run', async () => {
    const handler = vi.fn()
    const { plane, runtime } = await world(handler)
    plane.answer = { cancelRequested: false, final: true }
    await expect(runtime.deliver(testEnvelope(plane.url))).resolves.toStrictEqual({ kind: 'done' })
    expect(handler).not.toHaveBeenCalled()
  })
})
