/** What a command's author declares, and what a caller may make of it. */
import { CommandError, type InvokeOptions } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './support/eventually.js'
import { callApi, type Answer } from './support/http.js'
import { lines } from './support/outcome.js'

let stack: TestStack
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-command-policy-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/policy-handlers.ts' })
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

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

describe('a handler that throws a RetryableError', () => {
  const run = async (command: string, params: object, options: InvokeOptions = {}) => {
    const file = join(folder, randomUUID())
    const outcome = await stack
      .client()
      .invoke(command, { file, ...params }, options)
      .catch((error: unknown) => CommandError.from(error))
    return { outcome, runs: (await lines(file)).map(Number) }
  }

  test('is run again, though nobody declared that, after the pause that it asked for', async () => {
    const { outcome, runs } = await run('busy', { times: 2, retryAfter: '300ms' })
    expect(outcome).toBe(3)
    const [first = 0, second = 0, third = 0] = runs
    expect(second - first).toBeGreaterThanOrEqual(300)
    expect(third - second).toBeGreaterThanOrEqual(300)
    // The policy's own intervals would be 1 s and 2 s.
    expect(third - first).toBeLessThan(2_900)
  })

  test.each<[string, object, InvokeOptions, number]>([
    ['as often as the policy says', { retryAfter: 0 }, { retry: { maxAttempts: 2 } }, 2],
    ['10 times when it says nothing', { retryAfter: 0 }, {}, 10],
    [
      'not for a code that is final',
      { retryAfter: 0, code: 'E_FULL' },
      { retry: { nonRetryableCodes: ['E_FULL'] } },
      1,
    ],
    ['never past the deadline', { retryAfter: '1h' }, { deadline: new Date(Date.now() + 600_000) }, 1],
  ])('%s', async (_, params, options, times) => {
    const { outcome, runs } = await run('busy', { times: 99, ...params }, options)
    expect(outcome).toMatchObject({
      code: 'command_failed',
      message: '"busy" failed: RetryableError: the warehouse is busy',
      details: { name: 'RetryableError', message: 'the warehouse is busy', retryable: true },
    })
    expect(runs).toHaveLength(times)
  })

  test('and is at-most-once is not, and that is said', async () => {
    const { outcome, runs } = await run('busy-once', { times: 1 })
    expect(outcome).toMatchObject({
      code: 'command_failed',
      message: '"busy-once" failed: RetryableError: the warehouse is busy; it is at-most-once, so it was not run again',
    })
    expect(runs).toHaveLength(1)
  })

  test('with a pause that is none is told so', async () => {
    const { outcome } = await run('busy', { times: 1, retryAfter: 'soon' })
    expect(outcome).toMatchObject({
      code: 'command_failed',
      message:
        '"busy" failed: RetryableError: the warehouse is busy; it was not run again, for its retryAfter "soon" must be a duration from 0ms to 1d, like "30s", "2h" or a number of milliseconds',
    })
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
