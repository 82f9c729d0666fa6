/** What a runtime does not run, whoever wrote it into the queue, and whom it tells why. */
import { describe, expect, test, vi } from 'vitest'
import { createHandlerRuntime } from './handler-runtime.js'
import { TestControlPlane, testEnvelope, testSettings } from './control-plane.testsuite.js'

/** @param path Of the control plane's address, as the runtime is given it */
async function world(path = '') {
  const plane = await TestControlPlane.start()
  const handler = vi.fn()
  const runtime = createHandlerRuntime('test', testSettings({ url: plane.url + path }, handler))
  return { plane, handler, runtime }
}

const TOLD_AT = '/v1/invocations/inv_report_0123456789abcdef/response'

describe('what is no envelope for it, and tells who waits for it, where it can', () => {
  test.each<[string, string | ((url: string) => unknown), string]>([
    ['garbage', 'no envelope', 'bad envelope: it is no JSON'],
    ['an unknown field', (url) => ({ ...testEnvelope(url), extra: 1 }), 'bad envelope: Unrecognized key: "extra"'],
    [
      'another version',
      (url) => ({ ...testEnvelope(url), version: 2 }),
      'bad envelope: it is of version 2, and this runtime reads version 1; give both sides the same version of @alienplatform/sdk',
    ],
    [
      'no addresses',
      (url) => ({ ...testEnvelope(url), response: { token: 'rsp_good' } }),
      'bad envelope: response.url: Invalid input: expected string, received undefined; response.heartbeatUrl: Invalid input: expected string, received undefined; response.expiresAt: Invalid input: expected string, received undefined',
    ],
    [
      "another deployment's",
      (url) => testEnvelope(url, { deployment: { id: 'dep_2', name: 'other' } }),
      'the envelope is for deployment "other" (dep_2), and this runtime is "acme-corp" (ALIEN_DEPLOYMENT_ID)',
    ],
  ])('%s', async (_, delivered, message) => {
    const { plane, handler, runtime } = await world()
    const end = await runtime.deliver(typeof delivered === 'string' ? delivered : delivered(plane.url))
    expect(end).toMatchObject({ kind: 'refused', error: { code: 'invalid_request', message } })
    expect(handler).not.toHaveBeenCalled()
    const told = { attempt: 1, status: 'failed', error: { code: 'invalid_request', message } }
    expect(plane.responses).toStrictEqual(typeof delivered === 'string' ? [] : [told])
  })

  test.each(['rsp_forged', 'rsp_good'])('to return a response that nobody waits for, with token %s', async (token) => {
    const { plane, handler, runtime } = await world()
    const end = await runtime.deliver(testEnvelope(plane.url, { response: { token, isReturned: true } }))
    const error = {
      code: 'invalid_request',
      message:
        'the envelope wants its response returned (response.isReturned), and nobody waits for it here; only a Lambda function that is invoked directly returns it',
    }
    expect(end).toMatchObject({ kind: 'refused', error })
    expect(handler).not.toHaveBeenCalled()
    expect(plane.responses).toStrictEqual(token === 'rsp_good' ? [{ attempt: 1, status: 'failed', error }] : [])
  })

  test('more than any transport carries: it is not even read', async () => {
    const { plane, runtime } = await world()
    const envelope = JSON.stringify(testEnvelope(plane.url, { params: 'x'.repeat(10_000_000) }))
    const read = vi.spyOn(JSON, 'parse')
    const end = await runtime.deliver(envelope)
    const reads = read.mock.calls.length
    read.mockRestore()
    expect(end).toMatchObject({ kind: 'refused', error: { code: 'payload_too_large' } })
    expect([reads, plane.requests]).toStrictEqual([0, []])
  })
})

describe('a token', () => {
  test('that is forged', async () => {
    const { plane, handler, runtime } = await world()
    const end = await runtime.deliver(testEnvelope(plane.url, { response: { token: 'rsp_forged' } }))
    expect(end).toMatchObject({ kind: 'refused', error: { code: 'unauthenticated' } })
    expect(handler).not.toHaveBeenCalled()
  })

  test('that is forged, after so many that the control plane looks at no more', async () => {
    const { plane, handler, runtime } = await world()
    plane.hasSeenTooMany = true
    const end = await runtime.deliver(testEnvelope(plane.url, { response: { token: 'rsp_forged' } }))
    expect(end).toMatchObject({ kind: 'refused', error: { code: 'rate_limited' } })
    expect(handler).not.toHaveBeenCalled()
  })

  test.each(['', 'rsp_\n', 'rsp_\u0100', 'rsp_a b'])(
    'that no request can have, so that it is never looked at: %j',
    async (token) => {
      const { plane, handler, runtime } = await world()
      const end = await runtime.deliver(testEnvelope(plane.url, { response: { token } }))
      expect(end).toMatchObject({
        kind: 'refused',
        error: { code: 'invalid_request', message: 'bad envelope: response.token: is no bearer token' },
      })
      expect([handler.mock.calls.length, plane.requests]).toStrictEqual([0, []])
    },
  )
})

describe.each(['url', 'heartbeatUrl'] as const)('a %s elsewhere, which is told where it answers', (field) => {
  test.each<[string, (url: URL) => void]>([
    ['on another host', (url) => void (url.hostname = '169.254.169.254')],
    ['by another name', (url) => void (url.hostname = 'localhost.')],
    ['by IPv6', (url) => void (url.hostname = '[::1]')],
    ['on another port', (url) => void (url.port = '1')],
    ['by another scheme', (url) => void (url.protocol = 'https:')],
    ['with a user', (url) => void (url.username = 'user')],
    ['with a query', (url) => void (url.search = '?a')],
    ['with a fragment', (url) => void (url.hash = '#a')],
    ['below another path', (url) => void (url.pathname = `/redirect${url.pathname}`)],
    ['above', (url) => void (url.pathname = '/v1/tokens')],
    ['of another invocation', (url) => void (url.pathname = url.pathname.replace('0123', '9999'))],
  ])('%s', async (_, change) => {
    const { plane, handler, runtime } = await world()
    const { response } = testEnvelope(plane.url)
    const address = new URL(response[field])
    change(address)
    const end = await runtime.deliver(testEnvelope(plane.url, { response: { [field]: address.href } }))
    const { origin, pathname } = address
    const error = {
      code: 'delivery_failed',
      message: `the envelope wants its response at ${origin}${pathname}; this runtime answers ${plane.url} (ALIEN_URL) alone, which must be the control plane's --public-url`,
      details: { leg: 'handler' },
    }
    expect(end).toMatchObject({ kind: 'refused', error })
    expect(handler).not.toHaveBeenCalled()
    expect(plane.requests).toStrictEqual([TOLD_AT])
    expect(plane.responses).toStrictEqual([{ attempt: 1, status: 'failed', error }])
  })
})

test('where it answers may have a path', async () => {
  const { plane, handler, runtime } = await world('/alien/')
  await expect(runtime.deliver(testEnvelope(`${plane.url}/alien`))).resolves.toMatchObject({ kind: 'done' })
  expect(handler).toHaveBeenCalledTimes(1)
  expect(new Set(plane.requests.map((path) => path.slice(0, 10)))).toStrictEqual(new Set(['/alien/v1/']))
})

test('a redirect is not followed', async () => {
  const { plane, runtime } = await world('/redirect')
  const end = await runtime.deliver(testEnvelope(`${plane.url}/redirect`))
  expect(end.kind).not.toBe('done')
  expect(new Set(plane.requests.map((path) => path.slice(0, 9)))).toStrictEqual(new Set(['/redirect']))
})
