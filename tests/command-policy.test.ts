/** What a command's author declares, and what a caller may make of it. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './support/eventually.js'
import { callApi, type Answer } from './support/http.js'

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/policy-handlers.ts' })
})

afterAll(() => stack.close())

const post = (body: object): Promise<Answer> =>
  callApi(stack.state, stack.state.token, 'POST', '/v1/invocations', {
    deployment: 'acme-corp',
    command: 'bounded',
    ...body,
  })

const get = (id: string): Promise<Answer> => callApi(stack.state, stack.state.token, 'GET', `/v1/invocations/${id}`)

describe("the command's policy bounds its caller's", () => {
  test('within them the caller decides', async () => {
    const policy = { timeout: '1m', retry: { maxAttempts: 2 }, atMostOnce: true }
    expect(await post({ ...policy, params: 7, wait: '30s' })).toMatchObject({ status: 200, body: { result: 7 } })
  })

  test.each([
    [{ timeout: '2h' }, 'timeout: 2h is longer than the command allows, at most 1h'],
    [
      { queueTimeout: '1h', deadline: '3h' },
      'queueTimeout: 1h is longer than the command allows, at most 10m; deadline: 3h is longer than the command allows, at most 2h',
    ],
    [{ retry: { maxAttempts: 4 } }, 'retry.maxAttempts: 4 is more than the command allows, at most 3'],
    [{ command: 'once', atMostOnce: false }, 'atMostOnce: false is less than the command demands, which is true'],
    [{ exposeStack: true }, "exposeStack: it is for the command's author to say, not for its caller"],
    [{ qeueTimeout: 5 }, 'Unrecognized key: "qeueTimeout"; the nearest name is "queueTimeout"'],
  ])('beyond them, nothing is started: %j', async (policy, problem) => {
    const id = 'inv_bounded_0123456789abcdef'
    const { status, body } = await post({ ...policy, id })
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ code: 'invalid_request', message: `bad invocation: ${problem}` })
    expect((await get(id)).status).toBe(404)
  })
})

test('a call made again finds its invocation, though its deadline has passed since', async () => {
  const deadline = new Date(Date.now() + 700).toISOString()
  const call = { params: 7, deadline, wait: '30s' }
  const first = await post({ ...call, idempotencyKey: 'soon over' })
  expect(first.body).toMatchObject({ status: 'succeeded', result: 7 })
  await eventually('its deadline has passed', () => (Date.now() > Date.parse(deadline) ? true : undefined))
  expect((await post({ ...call, idempotencyKey: 'soon over' })).body).toMatchObject({ id: first.body.id, result: 7 })
  const message = `bad invocation: deadline: "${deadline}" is in the past`
  expect(await post({ ...call, idempotencyKey: 'never begun' })).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', message } },
  })
  expect(await post({ ...call, params: 8, idempotencyKey: 'soon over' })).toMatchObject({ status: 409 })
})
