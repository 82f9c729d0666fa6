import { describe, expect, test } from 'vitest'
import type { Invocation } from '../protocol/invocation.js'
import { cut, hold, invocation, json, remoteParty } from './remote-party.testsuite.js'
import { InvocationHandle } from './invocation-handle.js'

const { id } = invocation()

const handleFor = (baseUrl: string, latest?: Invocation) =>
  new InvocationHandle(id, { baseUrl, token: 'key_1', giveUpAfterMs: 0 }, latest)

describe('result()', () => {
  test('waits through held requests until the invocation has ended, and asks no more', async () => {
    const { url, requests } = await remoteParty(
      json(202, invocation({ status: 'queued' })),
      json(202, invocation({ status: 'running', attempt: 1 })),
      json(200, invocation({ result: { rowCount: 3 } })),
    )
    const handle = handleFor(url)
    await expect(handle.result()).resolves.toEqual({ rowCount: 3 })
    await expect(handle.result()).resolves.toEqual({ rowCount: 3 })
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array.from({ length: 3 }, () => `GET /v1/invocations/${id}?wait=55000`),
    )
  })

  test('of one that is known to have ended asks nothing', async () => {
    const { url, requests } = await remoteParty(json(500, {}))
    await expect(handleFor(url, invocation({ result: 7 })).result()).resolves.toBe(7)
    expect(requests).toEqual([])
  })

  test.each([0, false, '', null])('is %j as it is', async (result) => {
    await expect(handleFor('http://127.0.0.1:1', invocation({ result })).result()).resolves.toBe(result)
  })

  test('that is missing is null', async () => {
    await expect(handleFor('http://127.0.0.1:1', invocation()).result()).resolves.toBeNull()
  })

  test.each(['failed', 'canceled', 'expired'] as const)('of one that %s throws its error', async (status) => {
    const error = {
      code: 'command_failed',
      message: '"x" failed: no',
      details: { name: 'Error', message: 'no' },
    } as const
    const handle = handleFor('http://127.0.0.1:1', invocation({ status, error }))
    await expect(handle.result()).rejects.toMatchObject({ name: 'CommandError', ...error })
  })

  test('of one that failed without an error says so', async () => {
    const handle = handleFor('http://127.0.0.1:1', invocation({ status: 'failed' }))
    await expect(handle.result()).rejects.toMatchObject({ code: 'internal', message: `invocation ${id} ended failed` })
  })

  test('goes on when the control plane is away for a moment', async () => {
    const { url, requests } = await remoteParty(cut, json(503, {}), json(200, invocation({ result: 7 })))
    await expect(handleFor(url).result()).resolves.toBe(7)
    expect(requests).toHaveLength(3)
  })

  test("stops by the caller's signal, and can be asked again", async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const { url } = await remoteParty(
      hold(() => controller.abort(reason)),
      json(200, invocation({ result: 7 })),
    )
    const handle = handleFor(url)
    await expect(handle.result({ signal: controller.signal })).rejects.toBe(reason)
    await expect(handle.result()).resolves.toBe(7)
  })
})

describe('describe() and status()', () => {
  test('say how it stands now, and wait for nothing', async () => {
    const { url, requests } = await remoteParty(
      json(202, invocation({ status: 'queued' })),
      json(202, invocation({ status: 'running', attempt: 2 })),
    )
    const handle = handleFor(url, invocation({ status: 'queued' }))
    await expect(handle.status()).resolves.toBe('queued')
    await expect(handle.describe()).resolves.toEqual(invocation({ status: 'running', attempt: 2 }))
    expect(requests.map(({ path }) => path)).toEqual([`/v1/invocations/${id}`, `/v1/invocations/${id}`])
  })

  test('do not outlast an outage', async () => {
    const { url, requests } = await remoteParty(json(503, {}))
    await expect(handleFor(url).status()).rejects.toMatchObject({ code: 'unavailable' })
    expect(requests).toHaveLength(1)
  })
})
