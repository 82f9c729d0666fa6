/** The HTTP API as clients of other languages use and misuse it. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_BODY_BYTES } from '../protocol/limits.js'
import { callApi, type Answer } from './support/http.js'

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: ['acme-corp', 'globex'] })
})

afterAll(() => stack.close())

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  callApi(stack.state, stack.state.token, method, path, body)

const invoke = (body: Record<string, unknown>): Promise<Answer> =>
  call('POST', '/v1/invocations', { deployment: 'acme-corp', command: 'echo', params: { value: 1 }, ...body })

describe('starting', () => {
  test('with wait, a short command is one round trip', async () => {
    const { status, body } = await invoke({ wait: '30s' })
    const [deployment] = stack.state.deployments
    expect(status).toBe(200)
    expect(body).toStrictEqual({
      id: expect.stringMatching(/^inv_echo_[0-9a-f]{32}$/) as string,
      deployment,
      command: 'echo',
      status: 'succeeded',
      result: 1,
      links: { temporal: expect.stringContaining(`${stack.state.temporalUi ?? ''}/namespaces/default/`) as string },
    })
  })

  test.each([
    ['echo', { value: { a: [1, null, 'x'] } }],
    ['fail', {}],
    ['nothing', {}],
    ['bigint', {}],
  ])('what the call that waited was told of "%s", every later call is told', async (command, params) => {
    for (let round = 0; round < 10; round += 1) {
      const { body: told } = await invoke({ command, params, wait: '30s' })
      const { body: found } = await call('GET', `/v1/invocations/${String(told.id)}`)
      expect(found).toMatchObject(told)
    }
  })

  test('without wait, the answer is where it stands', async () => {
    const { status, body } = await invoke({ command: 'sleep', params: { ms: 3_000 } })
    expect(status).toBe(202)
    expect(body).toMatchObject({ status: expect.stringMatching(/^(queued|running)$/) as string, command: 'sleep' })
  })

  test('a wait that is over answers with where it stands', async () => {
    const { status, body } = await invoke({ command: 'sleep', params: { ms: 3_000 }, wait: 200 })
    expect(status).toBe(202)
    expect(body).toMatchObject({ status: 'running', attempt: 1 })
  })

  test('a command that failed is a good answer', async () => {
    const { status, body } = await invoke({ command: 'fail', wait: '30s' })
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'failed', error: { code: 'command_failed' } })
  })

  test('the id may be chosen, and makes a repeated call the same invocation', async () => {
    const id = 'inv_my-own-id-0123456789'
    const first = await invoke({ id, wait: '30s' })
    const again = await invoke({ id, wait: '30s' })
    expect(again.body).toStrictEqual(first.body)
    expect((await invoke({ id, command: 'nothing' })).body).toMatchObject({
      error: {
        code: 'conflict',
        message: `invocation id "${id}" was used with another command or deployment; use a new one for a new call`,
      },
    })
    expect((await invoke({ id, deployment: 'globex' })).status).toBe(409)
  })

  test('a deployment is named by id or by name', async () => {
    const [, globex] = stack.state.deployments
    const { body } = await invoke({ deployment: globex?.id, command: 'context', wait: '30s' })
    expect(body).toMatchObject({ result: { deployment: globex } })
  })
})

describe('looking', () => {
  test('at a finished invocation shows its result and its times', async () => {
    const { body: started } = await invoke({ wait: '30s' })
    const { status, body } = await call('GET', `/v1/invocations/${String(started.id)}`)
    expect(status).toBe(200)
    expect(body).toStrictEqual({
      ...started,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      endedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    })
  })

  test('with wait answers when the result is there', async () => {
    const { body: started } = await invoke({ command: 'sleep', params: { ms: 300 } })
    const { status, body } = await call('GET', `/v1/invocations/${String(started.id)}?wait=20s`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'succeeded', result: 'slept' })
  })

  test('at one that never was', async () => {
    const { status, body } = await call('GET', '/v1/invocations/inv_never-was-0123456789')
    expect(status).toBe(404)
    expect(body).toMatchObject({
      error: {
        code: 'invocation_not_found',
        message:
          'no invocation "inv_never-was-0123456789"; it may be older than what Temporal keeps, or was started elsewhere',
      },
    })
  })
})

describe('listing', () => {
  test('filters, and pages by cursor', async () => {
    for (const value of [1, 2, 3]) await invoke({ deployment: 'globex', params: { value }, wait: '30s' })
    await invoke({ deployment: 'globex', command: 'fail', wait: '30s' })
    const query = '/v1/invocations?deployment=globex&command=echo&status=succeeded&limit=2'
    // Visibility follows the truth with a delay, and pages are only as good as what it shows by then.
    await expect
      .poll(async () => (await call('GET', query.replace('limit=2', 'limit=3'))).body.invocations.length, {
        timeout: 10_000,
      })
      .toBe(3)
    const first = await call('GET', query)
    expect(first).toMatchObject({ status: 200, body: { cursor: expect.any(String) as string } })
    const second = await call('GET', `${query}&cursor=${String(first.body.cursor)}`)
    const ids = [...first.body.invocations, ...second.body.invocations].map(({ id }: { id: string }) => id)
    expect(new Set(ids).size).toBe(3)
    for (const one of first.body.invocations) {
      expect(one).toMatchObject({ status: 'succeeded', command: 'echo', deployment: { name: 'globex' } })
      expect(one).not.toHaveProperty('result')
    }
    await expect
      .poll(() => call('GET', '/v1/invocations?deployment=globex&status=failed'), { timeout: 10_000 })
      .toMatchObject({ body: { invocations: [{ command: 'fail', error: { code: 'command_failed' } }] } })
  })

  test.each([
    ['limit=0', 'bad query: limit: 0 must be a whole number from 1 to 100'],
    ['limit=101', 'bad query: limit: 101 must be a whole number from 1 to 100'],
    ['colour=red', 'bad query: Unrecognized key: "colour"'],
    [
      "command=x'%20OR%201=1",
      `command name "x' OR 1=1" must start with a letter and have at most 100 letters, digits, ".", "_" or "-"`,
    ],
    ['cursor=%20', 'bad query: cursor: Invalid base64url-encoded string'],
  ])('refuses %s', async (query, message) => {
    const { status, body } = await call('GET', `/v1/invocations?${query}`)
    expect(status).toBe(400)
    expect(body).toMatchObject({ error: { code: 'invalid_request', message } })
  })
})

describe('bad calls', () => {
  test.each([
    ['an unknown field', { timeuot: 5 }, 'bad invocation: Unrecognized key: "timeuot"; the nearest name is "timeout"'],
    [
      'a negative time-out',
      { timeout: -1 },
      'bad invocation: timeout: -1 must be a duration from 1ms to 365d, like "30s", "2h" or a number of milliseconds',
    ],
    [
      'a time-out without sense',
      { timeout: 'soon' },
      'bad invocation: timeout: "soon" must be a duration from 1ms to 365d, like "30s", "2h" or a number of milliseconds',
    ],
    ['a wait without sense', { wait: 'long' }, 'bad invocation: wait: "long" must be a duration, like "30s" or 30000'],
    [
      'no attempts',
      { retry: { maxAttempts: 0 } },
      'bad invocation: retry.maxAttempts: 0 must be a whole number from 1 to 100',
    ],
    [
      'an id that is none',
      { id: 'mine' },
      'invocation id "mine" must be "inv_" and 16 to 180 letters, digits, ".", "_" or "-"',
    ],
    [
      'id and key at once',
      { id: 'inv_0123456789abcdef', idempotencyKey: 'k' },
      'give id or idempotencyKey, not both: the key decides on the id',
    ],
    [
      'a bad command name',
      { command: '../x' },
      'command name "../x" must start with a letter and have at most 100 letters, digits, ".", "_" or "-"',
    ],
    ['a reserved command name', { command: 'default' }, 'command name "default" is reserved; choose another'],
  ])('%s', async (_name, body, message) => {
    const answer = await invoke(body)
    expect(answer.status).toBe(400)
    expect(answer.body).toStrictEqual({
      error: { code: 'invalid_request', message, requestId: answer.headers.get('x-request-id') },
    })
  })

  test('an unknown deployment suggests the nearest', async () => {
    const { status, body } = await invoke({ deployment: 'acme-crop' })
    expect(status).toBe(404)
    expect(body).toMatchObject({
      error: { code: 'deployment_not_found', message: 'no deployment "acme-crop"; the nearest name is "acme-corp"' },
    })
  })

  test('an unknown command answers at once and suggests the nearest', async () => {
    const { status, body } = await invoke({ command: 'fail-twic', wait: '30s' })
    expect(status).toBe(404)
    expect(body).toMatchObject({
      error: {
        code: 'command_not_found',
        message:
          'deployment "acme-corp" has no command "fail-twic"; the nearest names are "fail", "fail-twice", "fail-with"',
        details: { nearest: ['fail', 'fail-twice', 'fail-with'] },
      },
    })
  })

  test('a body that is not JSON', async () => {
    const { status, body } = await call('POST', '/v1/invocations', '{"deployment": acme}')
    expect(status).toBe(400)
    expect(body).toMatchObject({ error: { code: 'invalid_request', message: 'the request body is not JSON' } })
  })

  test('a body over the limit', async () => {
    const { status, body } = await call('POST', '/v1/invocations', 'x'.repeat(MAX_BODY_BYTES + 1))
    expect(status).toBe(413)
    expect(body).toMatchObject({
      error: {
        code: 'payload_too_large',
        message: `the request body is over the limit of ${MAX_BODY_BYTES} bytes`,
      },
    })
  })

  test('an endpoint that is none', async () => {
    const { status, body } = await call('GET', '/v1/invocation')
    expect(status).toBe(404)
    expect(body).toMatchObject({ error: { code: 'invalid_request', message: 'no such endpoint: GET /v1/invocation' } })
  })
})

describe('tokens', () => {
  const paths = ['/v1/invocations', '/v1/deployments', '/v1/deployments/acme-corp/commands']

  test.each(paths)('%s wants one', async (path) => {
    const { status, headers, body } = await callApi(stack.state, undefined, 'GET', path)
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toBe('Bearer')
    expect(body).toMatchObject({
      error: {
        code: 'unauthenticated',
        message: 'a token is required: send the header "authorization: Bearer key_…"',
      },
    })
  })

  test.each(paths)('%s wants a known one', async (path) => {
    const { status, body } = await callApi(stack.state, `key_${'x'.repeat(43)}`, 'GET', path)
    expect(status).toBe(401)
    expect(body).toMatchObject({
      error: { code: 'unauthenticated', message: 'the API key is not valid: it is unknown, expired or revoked' },
    })
  })

  test("an agent's token opens the agent's door only, and the other way round", async () => {
    const { body: created } = await call('POST', '/v1/deployments', { name: 'initech' })
    const agentToken = String(created.agentToken)
    expect((await callApi(stack.state, agentToken, 'GET', '/v1/deployments')).status).toBe(401)
    expect((await call('POST', '/v1/agent/session', { commands: [] })).status).toBe(401)
    const { status, body } = await callApi(stack.state, agentToken, 'POST', '/v1/agent/session', { commands: [] })
    expect(status).toBe(200)
    expect(body).toStrictEqual({
      deployment: { id: created.id, name: 'initech' },
      taskQueue: `deployment-${String(created.id)}`,
      namespace: 'default',
      limits: { polls: 20, maxResultBytes: 2_031_616 },
    })
  })
})

describe('health', () => {
  test('/healthz says that the process answers', async () => {
    expect((await callApi(stack.state, undefined, 'GET', '/healthz')).body).toStrictEqual({ status: 'ok' })
  })

  test('/readyz says how each part does', async () => {
    const { status, body } = await callApi(stack.state, undefined, 'GET', '/readyz')
    const ok = { ok: true, latencyMs: expect.any(Number) as number }
    expect(status).toBe(200)
    expect(body).toStrictEqual({ status: 'ready', checks: { registry: ok, temporal: ok, worker: ok } })
  })
})
