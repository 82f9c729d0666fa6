import express from 'express'
import { describe, expect, test } from 'vitest'
import { CommandError, ERROR_CODES, type ErrorCode } from '../../protocol/errors.js'
import { MAX_BODY_BYTES } from '../../protocol/limits.js'
import { testApp } from './test-app.testsuite.js'

const throwing = (thrown: unknown) =>
  testApp((app) =>
    app.get('/', () => {
      throw thrown
    }),
  )

const ID = { headers: { 'x-request-id': 'req-1' } }

describe('an error of the table', () => {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[]

  test.each(codes.filter((code) => code !== 'internal'))('%s is sent with its status and body', async (code) => {
    const { url, logged } = await throwing(new CommandError(code, 'why', { details: { nearest: ['a'] } }))
    const response = await fetch(url, ID)
    const { httpStatus } = ERROR_CODES[code]
    expect(response.status).toBe(httpStatus === 200 ? 500 : httpStatus)
    expect(await response.json()).toEqual({
      error: { code, message: 'why', details: { nearest: ['a'] }, requestId: 'req-1' },
    })
    expect(logged).toEqual([])
  })

  test.each<[ErrorCode, string | null]>([
    ['rate_limited', '1'],
    ['unavailable', '1'],
    ['internal', null],
    ['conflict', null],
    ['command_failed', null],
  ])('%s says retry-after: %j', async (code, expected) => {
    const { url } = await throwing(new CommandError(code, 'why'))
    expect((await fetch(url)).headers.get('retry-after')).toBe(expected)
  })

  test.each<[ErrorCode, string | null]>([
    ['unauthenticated', 'Bearer'],
    ['permission_denied', null],
  ])('%s says www-authenticate: %j', async (code, expected) => {
    const { url } = await throwing(new CommandError(code, 'why'))
    expect((await fetch(url)).headers.get('www-authenticate')).toBe(expected)
  })

  test('is the same when it comes from a promise', async () => {
    const { url } = await testApp((app) => app.get('/', () => Promise.reject(new CommandError('conflict', 'taken'))))
    expect((await fetch(url)).status).toBe(409)
  })
})

describe('a defect of ours', () => {
  test('shows the caller an id, and the log what it was', async () => {
    const { url, logged } = await throwing(new Error('password=hunter2'))
    const response = await fetch(`${url}/?token=secret`, ID)
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({
      error: { code: 'internal', message: 'internal error; quote the request id to the operator', requestId: 'req-1' },
    })
    expect(logged).toHaveLength(1)
    expect(logged[0]).toMatchObject({
      level: 50,
      msg: 'request failed',
      requestId: 'req-1',
      path: '/',
      err: { message: 'password=hunter2' },
    })
  })

  test('after the answer has begun cuts the connection, so that half an answer is not taken for a whole', async () => {
    const { url } = await testApp((app) => {
      // Express prints what it is left with.
      app.set('env', 'test')
      app.get('/', (_, response) => {
        response.write('{"half":')
        throw new Error('too late')
      })
    })
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow('terminated')
  })
})

describe('the body of a request', () => {
  const jsonApp = () =>
    testApp((app) =>
      app.post('/', express.json({ limit: MAX_BODY_BYTES }), (request, response) => {
        response.json(request.body)
      }),
    )

  const post = async (headers: Record<string, string>, body: string): Promise<{ status: number; error: unknown }> => {
    const { url } = await jsonApp()
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'req-1', ...headers },
      body,
    })
    const { error } = (await response.json()) as { error: unknown }
    return { status: response.status, error }
  }

  test('that is not JSON is not quoted', async () => {
    expect(await post({}, '{"password": "hunter2')).toEqual({
      status: 400,
      error: { code: 'invalid_request', message: 'the request body is not JSON', requestId: 'req-1' },
    })
  })

  test('that is too large is told by its limit', async () => {
    expect(await post({}, JSON.stringify('x'.repeat(MAX_BODY_BYTES)))).toEqual({
      status: 413,
      error: {
        code: 'payload_too_large',
        message: `the request body is over the limit of ${MAX_BODY_BYTES} bytes`,
        details: { side: 'params', maxBytes: MAX_BODY_BYTES },
        requestId: 'req-1',
      },
    })
  })

  test('in a charset or an encoding that nobody knows is told by what is wrong', async () => {
    expect(await post({ 'content-type': 'application/json; charset=ebcdic' }, '{}')).toMatchObject({
      status: 400,
      error: { code: 'invalid_request', message: 'bad request body: charset.unsupported' },
    })
    expect(await post({ 'content-encoding': 'zip' }, '{}')).toMatchObject({
      status: 400,
      error: { code: 'invalid_request', message: 'bad request body: encoding.unsupported' },
    })
  })
})

describe('trouble with Temporal', () => {
  test.each([
    [8, 429, 'rate_limited', 'Temporal is over its rate limit; try again in a moment'],
    [4, 503, 'unavailable', 'Temporal cannot be reached; try again in a moment'],
    [10, 503, 'unavailable', 'Temporal cannot be reached; try again in a moment'],
    [14, 503, 'unavailable', 'Temporal cannot be reached; try again in a moment'],
    [13, 500, 'internal', 'internal error; quote the request id to the operator'],
  ])('gRPC status %d is %d, %s', async (grpcCode, status, code, message) => {
    const { url } = await throwing(Object.assign(new Error('14 UNAVAILABLE: 10.0.0.7:7233'), { code: grpcCode }))
    const response = await fetch(url, ID)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ error: { code, message, requestId: 'req-1' } })
  })
})

test('a path that Express cannot decode is bad input', async () => {
  const { url, logged } = await testApp((app) => app.get('/v1/deployments/:name', () => undefined))
  const response = await fetch(`${url}/v1/deployments/%E0%A4%A`, ID)
  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({
    error: { code: 'invalid_request', message: 'the path is not well encoded', requestId: 'req-1' },
  })
  expect(logged).toEqual([])
})

test('a text that our own code cannot decode is a defect of ours', async () => {
  const { url } = await throwing(new URIError('URI malformed'))
  expect((await fetch(url)).status).toBe(500)
})

test('an endpoint that does not exist is told by method and path', async () => {
  const { url } = await testApp(() => undefined)
  const response = await fetch(`${url}/v1/nothing?token=secret`, { ...ID, method: 'DELETE' })
  expect(response.status).toBe(404)
  expect(await response.json()).toEqual({
    error: { code: 'invalid_request', message: 'no such endpoint: DELETE /v1/nothing', requestId: 'req-1' },
  })
})
