import type { ServerResponse } from 'node:http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { CommandsClient } from './commands-client.js'
import type { InvokeOptions } from './options.js'
import { cut, hold, html, invocation, json, remoteParty, type RemoteParty } from './remote-party.testsuite.js'

const clientFor = ({ url }: RemoteParty): CommandsClient =>
  new CommandsClient({ deploymentId: 'acme-corp', token: 'key_1', url })

describe('invoke()', () => {
  test('is one round trip when the command is short', async () => {
    const party = await remoteParty(json(200, invocation({ result: { rowCount: 3 } })))
    const result = await clientFor(party).invoke('generate-report', { startDate: '2024-01-01' })
    expect(result).toEqual({ rowCount: 3 })
    expect(party.requests).toEqual([
      {
        method: 'POST',
        path: '/v1/invocations',
        authorization: 'Bearer key_1',
        contentType: 'application/json',
        body: {
          deployment: 'acme-corp',
          command: 'generate-report',
          params: { startDate: '2024-01-01' },
          id: expect.stringMatching(/^inv_generate-report_[0-9a-f]{32}$/) as unknown,
          wait: 55_000,
        },
      },
    ])
  })

  test('goes on by id when the command is long', async () => {
    const { id } = invocation()
    const party = await remoteParty(
      json(202, invocation({ status: 'running' })),
      json(202, invocation({ status: 'running' })),
      json(200, invocation({ result: 7 })),
    )
    await expect(clientFor(party).invoke('generate-report')).resolves.toBe(7)
    expect(party.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/invocations',
      `GET /v1/invocations/${id}?wait=55000`,
      `GET /v1/invocations/${id}?wait=55000`,
    ])
  })

  test('that has to be sent again is the same invocation', async () => {
    const party = await remoteParty(cut, html(503, ''), html(504, ''), json(200, invocation({ result: 7 })))
    await expect(clientFor(party).invoke('generate-report', { a: 1 })).resolves.toBe(7)
    const bodies = party.requests.map(({ body }) => body)
    expect(bodies).toEqual(Array.from({ length: 4 }, () => bodies[0]))
    expect(bodies[0]).toHaveProperty('id')
  })

  test('two calls are two invocations', async () => {
    const party = await remoteParty(json(200, invocation()))
    await clientFor(party).invoke('generate-report')
    await clientFor(party).invoke('generate-report')
    const ids = party.requests.map(({ body }) => (body as { id: string }).id)
    expect(new Set(ids).size).toBe(2)
  })

  test('with an idempotency key leaves the id to the server', async () => {
    const party = await remoteParty(json(200, invocation()))
    await clientFor(party).invoke('generate-report', {}, { idempotencyKey: 'order-7' })
    expect(party.requests[0]?.body).toMatchObject({ idempotencyKey: 'order-7' })
    expect(party.requests[0]?.body).not.toHaveProperty('id')
  })

  test('sends each option under its name in the API', async () => {
    const party = await remoteParty(json(200, invocation()))
    const options: InvokeOptions = {
      timeoutMs: 1_000,
      queueTimeoutMs: 2_000,
      deadline: new Date('2030-01-01T00:00:00Z'),
      heartbeatTimeoutMs: 9_000,
      atMostOnce: true,
      retry: { maxAttempts: 3, initialInterval: '1s' },
    }
    await clientFor(party).invoke('generate-report', {}, options)
    expect(party.requests[0]?.body).toMatchObject({
      timeout: 1_000,
      queueTimeout: 2_000,
      deadline: '2030-01-01T00:00:00.000Z',
      heartbeatTimeout: 9_000,
      atMostOnce: true,
      retry: { maxAttempts: 3, initialInterval: '1s' },
    })
  })

  test("throws the invocation's error", async () => {
    const error = { code: 'deployment_offline', message: 'no agent; nothing ran' } as const
    const party = await remoteParty(json(200, invocation({ status: 'expired', error })))
    await expect(clientFor(party).invoke('generate-report')).rejects.toMatchObject({ name: 'CommandError', ...error })
  })

  test.each([1, 2])("stops by the caller's signal while request %d is held", async (nth) => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const held = hold(() => controller.abort(reason))
    const party = await (nth === 1
      ? remoteParty(held)
      : remoteParty(json(202, invocation({ status: 'running' })), held))
    const result = clientFor(party).invoke('generate-report', {}, { signal: controller.signal })
    await expect(result).rejects.toBe(reason)
    expect(party.requests).toHaveLength(nth)
  })
})

describe('what cannot be sent is refused before anything leaves', () => {
  const circular: { self?: unknown } = {}
  circular.self = circular

  test.each<[unknown, RegExp]>([
    [{ rows: 3n }, /^the params of "generate-report" are not JSON: Do not know how to serialize a BigInt$/],
    [circular, /^the params of "generate-report" are not JSON: Converting circular structure to JSON$/],
  ])('%o', async (params, message) => {
    const party = await remoteParty(json(200, invocation()))
    const result = clientFor(party).invoke('generate-report', params)
    await expect(result).rejects.toMatchObject({
      name: 'CommandError',
      code: 'invalid_request',
      message: expect.stringMatching(message) as unknown,
    })
    expect(party.requests).toEqual([])
  })

  test('a deadline that is no date', async () => {
    const party = await remoteParty(json(200, invocation()))
    const result = clientFor(party).invoke('generate-report', {}, { deadline: new Date('soon') })
    await expect(result).rejects.toMatchObject({
      name: 'CommandError',
      code: 'invalid_request',
      message: 'deadline must be a valid Date',
    })
    expect(party.requests).toEqual([])
  })
})

test('start() waits for nothing, and its handle goes on from there', async () => {
  const party = await remoteParty(json(202, invocation({ status: 'queued' })), json(200, invocation({ result: 7 })))
  const handle = await clientFor(party).start('generate-report', { a: 1 })
  expect(handle.id).toBe(invocation().id)
  expect(party.requests[0]?.body).not.toHaveProperty('wait')
  await expect(handle.result()).resolves.toBe(7)
})

test('a client that was answered outlasts what it would not have at first', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const minuteLater = (response: ServerResponse) => {
    vi.setSystemTime(Date.now() + 60_000)
    return html(503, '')(response)
  }
  const trouble = [html(503, ''), minuteLater] as const
  const party = await remoteParty(json(200, invocation()), ...trouble, json(202, invocation({ status: 'queued' })))
  const client = clientFor(party)
  await client.invoke('generate-report')
  await expect(client.start('generate-report')).resolves.toMatchObject({ id: invocation().id })
  const stranger = await remoteParty(...trouble, json(202, invocation()))
  await expect(clientFor(stranger).start('generate-report')).rejects.toMatchObject({ code: 'unavailable' })
})

describe('getInvocation()', () => {
  test('asks nothing until the handle is used', async () => {
    const party = await remoteParty(json(200, invocation({ result: 7 })))
    const handle = clientFor(party).getInvocation(invocation().id)
    expect(party.requests).toEqual([])
    await expect(handle.result()).resolves.toBe(7)
  })

  test.each(['', 'generate-report'])('refuses %j, which is no id', async (id) => {
    const party = await remoteParty(json(200, { invocations: [] }))
    expect(() => clientFor(party).getInvocation(id)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: `invocation id "${id}" must be "inv_" and 16 to 180 letters, digits, ".", "_" or "-"`,
      }),
    )
  })
})

test('a client without a deployment is refused', () => {
  expect(() => new CommandsClient({ deploymentId: '', token: 'key_1' })).toThrow(
    expect.objectContaining({ code: 'invalid_request' }),
  )
})
