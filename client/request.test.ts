import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { CommandError } from '../protocol/errors.js'
import { cut, cutInAnswer, hold, html, json, remoteParty } from './remote-party.testsuite.js'
import { requestJson, type ApiCall, type Endpoint } from './request.js'

const endpointOf = (baseUrl: string, changes: Partial<Endpoint> = {}): Endpoint => ({
  baseUrl,
  token: 'key_1',
  giveUpAfterMs: 10_000,
  ...changes,
})

const GET: ApiCall = { method: 'GET', path: '/v1/invocations/inv_1' }
const unavailable = { error: { code: 'unavailable', message: 'Temporal cannot be reached' } }

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('the request', () => {
  test('carries the token, the query and the body, and gives the JSON of the answer', async () => {
    const { url, requests } = await remoteParty(json(201, { answer: 42 }))
    const call: ApiCall = {
      method: 'POST',
      path: '/v1/invocations',
      query: { wait: 55_000, cursor: 'a&b', limit: undefined },
      body: { params: { a: [1] } },
    }
    await expect(requestJson(endpointOf(`${url}/base//`), call)).resolves.toEqual({ answer: 42 })
    expect(requests).toEqual([
      {
        method: 'POST',
        path: '/base/v1/invocations?wait=55000&cursor=a%26b',
        authorization: 'Bearer key_1',
        contentType: 'application/json',
        body: { params: { a: [1] } },
      },
    ])
  })

  test('without a body says nothing of its type', async () => {
    const { url, requests } = await remoteParty(json(200, []))
    await requestJson(endpointOf(url), GET)
    expect(requests[0]).toMatchObject({ method: 'GET', contentType: undefined, body: undefined })
  })

  test('an answer without a body is undefined', async () => {
    const { url } = await remoteParty((response) => response.writeHead(204).end())
    await expect(requestJson(endpointOf(url), { method: 'DELETE', path: '/v1/deployments/a' })).resolves.toBeUndefined()
  })
})

describe('an error of the server', () => {
  test('is thrown as it is, at once', async () => {
    const error = { code: 'command_not_found', message: 'no "x"', details: { nearest: ['y'] }, requestId: 'req_1' }
    const { url, requests } = await remoteParty(json(404, { error }))
    await expect(requestJson(endpointOf(url), GET)).rejects.toMatchObject({ name: 'CommandError', ...error })
    expect(requests).toHaveLength(1)
  })

  test.each([
    [400, 'internal'],
    [401, 'unauthenticated'],
    [403, 'permission_denied'],
    [404, 'internal'],
    [413, 'payload_too_large'],
    [429, 'rate_limited'],
    [500, 'internal'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
  ])('%d without an error body, from something in between, is %s', async (status, code) => {
    const { url } = await remoteParty(html(status, '<h1>nginx</h1>'))
    await expect(requestJson(endpointOf(url, { giveUpAfterMs: 0 }), GET)).rejects.toMatchObject({
      code,
      message: `the control plane answered ${status} without an error body; is the URL that of a control plane?`,
    })
  })

  test.each([{ error: { code: 'made_up', message: 'x' } }, { error: { code: 'conflict' } }, { error: 'x' }, 7, null])(
    'with the body %j, not ours, is told from its status',
    async (body) => {
      const { url } = await remoteParty(json(403, body))
      await expect(requestJson(endpointOf(url), GET)).rejects.toMatchObject({ code: 'permission_denied' })
    },
  )

  test.each([html(200, '<h1>Welcome to the hotel</h1>'), html(200, '')])(
    'is a success that is not JSON, from something in between',
    async (answer) => {
      const { url, requests } = await remoteParty(answer)
      await expect(requestJson(endpointOf(url), GET)).rejects.toMatchObject({
        code: 'internal',
        message: 'the control plane answered 200 without JSON; is the URL that of a control plane?',
      })
      expect(requests).toHaveLength(1)
    },
  )
})

describe('trouble that passes', () => {
  test.each([429, 502, 503, 504])('%d is tried again, with the same request', async (status) => {
    const { url, requests } = await remoteParty(html(status, ''), html(status, ''), json(200, 'done'))
    const call: ApiCall = { method: 'POST', path: '/v1/invocations', body: { id: 'inv_1' } }
    await expect(requestJson(endpointOf(url), call)).resolves.toBe('done')
    expect(requests).toHaveLength(3)
    expect(requests[2]).toEqual(requests[0])
  })

  test('Retry-After says when', async () => {
    const { url } = await remoteParty(json(503, unavailable, { 'retry-after': '1' }), json(200, 'done'))
    const startedAtMs = performance.now()
    await expect(requestJson(endpointOf(url), GET)).resolves.toBe('done')
    expect(performance.now() - startedAtMs).toBeGreaterThan(990)
  })

  test('a Retry-After beyond our patience is not waited for', async () => {
    const { url, requests } = await remoteParty(json(503, unavailable, { 'retry-after': '60' }))
    await expect(requestJson(endpointOf(url), GET)).rejects.toMatchObject(unavailable.error)
    expect(requests).toHaveLength(1)
  })

  test('that does not pass in time is thrown', async () => {
    const { url, requests } = await remoteParty(json(503, unavailable))
    await expect(requestJson(endpointOf(url, { giveUpAfterMs: 200 }), GET)).rejects.toMatchObject(unavailable.error)
    expect(requests.length).toBeGreaterThan(1)
  })

  test.each([
    ['before the answer', cut],
    ['in the middle of the answer', cutInAnswer],
  ])('a connection that breaks %s is made again', async (_, broken) => {
    const { url, requests } = await remoteParty(broken, json(200, 'done'))
    await expect(requestJson(endpointOf(url), GET)).resolves.toBe('done')
    expect(requests).toHaveLength(2)
  })

  test('a server that comes back is found again', async () => {
    const port = await closedPort()
    const answer = requestJson(endpointOf(`http://127.0.0.1:${port}`), GET)
    const server = createServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"back"'))
    })
    server.listen(port, '127.0.0.1')
    await expect(answer).resolves.toBe('back')
    server.close()
    await once(server, 'close')
  })
})

describe('giving up', () => {
  test('a refused connection says where, why and what to look at', async () => {
    const port = await closedPort()
    const url = `http://127.0.0.1:${port}`
    const error: unknown = await requestJson(endpointOf(url, { giveUpAfterMs: 0 }), GET).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(CommandError)
    expect(error).toMatchObject({
      code: 'unavailable',
      message: `cannot reach the control plane at ${url}: connect ECONNREFUSED 127.0.0.1:${port}; is it running (alien dev, alien server), and is the URL right (--url, ALIEN_URL)?`,
      cause: { code: 'ECONNREFUSED' },
    })
  })

  test('an outage that began after an answer is outlasted', async () => {
    const outage = [json(503, unavailable), json(503, unavailable), cut, html(502, '')] as const
    const { url, requests } = await remoteParty(json(200, 'there'), ...outage, json(200, 'back'))
    const endpoint = endpointOf(url, { giveUpAfterMs: 0, contact: { isMade: false } })
    await requestJson(endpoint, GET)
    await expect(requestJson(endpoint, GET)).resolves.toBe('back')
    expect(requests).toHaveLength(6)
  })

  test('a control plane that never answered may be a wrong URL', async () => {
    const { url, requests } = await remoteParty(json(503, unavailable))
    const endpoint = endpointOf(url, { giveUpAfterMs: 0, contact: { isMade: false } })
    for (let call = 0; call < 2; call += 1) {
      await expect(requestJson(endpoint, GET)).rejects.toMatchObject(unavailable.error)
    }
    expect(requests).toHaveLength(2)
  })

  test('even after an answer, not for ever', async () => {
    const { url, requests } = await remoteParty(json(200, 'there'), json(503, unavailable, { 'retry-after': '121' }))
    const endpoint = endpointOf(url, { giveUpAfterMs: 0, contact: { isMade: false } })
    await requestJson(endpoint, GET)
    await expect(requestJson(endpoint, GET)).rejects.toMatchObject(unavailable.error)
    expect(requests).toHaveLength(2)
  })

  test('a cut connection of a call that is not held is given up in time', async () => {
    const { url } = await remoteParty(cut)
    await expect(requestJson(endpointOf(url, { giveUpAfterMs: 0 }), GET)).rejects.toMatchObject({
      code: 'unavailable',
      message: `cannot reach the control plane at ${url}: other side closed; is it running (alien dev, alien server), and is the URL right (--url, ALIEN_URL)?`,
    })
  })

  test.each([
    ['is cut off', cut],
    ['a proxy cut off', html(504, '<h1>Gateway Time-out</h1>')],
  ])('a held call that %s goes on, since its work has started', async (_, broken) => {
    const { url, requests } = await remoteParty(broken, html(503, ''), json(200, 'done'))
    const held: ApiCall = { ...GET, holdMs: 30_000 }
    await expect(requestJson(endpointOf(url, { giveUpAfterMs: 0 }), held)).resolves.toBe('done')
    expect(requests).toHaveLength(3)
  })

  test('a proxy that had passed a held call on, and lost who had it, says so later than one that found nobody', async () => {
    const badGateway = html(502, '<h1>Bad Gateway</h1>')
    const lateAnswer = (response: ServerResponse) => setTimeout(() => badGateway(response), 1_050)
    const held: ApiCall = { ...GET, holdMs: 30_000 }
    const found = await remoteParty(lateAnswer, html(503, ''), json(200, 'done'))
    await expect(requestJson(endpointOf(found.url, { giveUpAfterMs: 0 }), held)).resolves.toBe('done')
    const nobody = await remoteParty(badGateway)
    await expect(requestJson(endpointOf(nobody.url, { giveUpAfterMs: 0 }), held)).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  test('a connection that stays silent is taken for dead', async () => {
    const silence = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(silence.signal)
    onTestFinished(() => timeout.mockRestore())
    const { url } = await remoteParty(hold(() => silence.abort(new DOMException('too long', 'TimeoutError'))))
    await expect(requestJson(endpointOf(url, { giveUpAfterMs: 0 }), GET)).rejects.toMatchObject({
      code: 'unavailable',
      message: `cannot reach the control plane at ${url}: no answer within 15s; is it running (alien dev, alien server), and is the URL right (--url, ALIEN_URL)?`,
    })
    expect(timeout).toHaveBeenLastCalledWith(15_000)
  })

  test('a call that is held on purpose may be silent for so much longer', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout')
    onTestFinished(() => timeout.mockRestore())
    const { url } = await remoteParty(json(200, 'done'))
    await requestJson(endpointOf(url), { ...GET, holdMs: 55_000 })
    expect(timeout).toHaveBeenLastCalledWith(70_000)
  })

  test('a held call that was refused has started nothing', async () => {
    const held: ApiCall = { ...GET, holdMs: 30_000 }
    const endpoint = endpointOf(`http://127.0.0.1:${await closedPort()}`, { giveUpAfterMs: 0 })
    await expect(requestJson(endpoint, held)).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('the signal', () => {
  const reason = new Error('the user left')

  test('stops a request that is held, and throws its reason', async () => {
    const controller = new AbortController()
    const { url } = await remoteParty(hold(() => controller.abort(reason)))
    await expect(requestJson(endpointOf(url, { signal: controller.signal }), GET)).rejects.toBe(reason)
  })

  test('stops the wait between two tries, and throws its reason', async () => {
    const controller = new AbortController()
    const { url, requests } = await remoteParty((response) => {
      json(503, unavailable, { 'retry-after': '5' })(response)
      response.once('close', () => setImmediate(() => controller.abort(reason)))
    })
    const startedAtMs = performance.now()
    await expect(requestJson(endpointOf(url, { signal: controller.signal }), GET)).rejects.toBe(reason)
    expect(performance.now() - startedAtMs).toBeLessThan(4_000)
    expect(requests).toHaveLength(1)
  })

  test('that was aborted before lets nothing leave', async () => {
    const { url, requests } = await remoteParty(json(200, 'done'))
    await expect(requestJson(endpointOf(url, { signal: AbortSignal.abort(reason) }), GET)).rejects.toBe(reason)
    expect(requests).toEqual([])
  })
})
