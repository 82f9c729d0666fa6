/** What a command's author declares, and what a caller may make of it. */
import { CommandError, type InvocationHandle, type InvokeOptions } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './support/eventually.js'
import { callApi, type Answer } from './support/http.js'
import { errorOf, lines } from './support/outcome.js'

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

describe('a command that an agent runs one at a time', () => {
  const file = () => join(folder, randomUUID())
  const start = (path: string, ms: number, options: InvokeOptions = {}, deaf = false) =>
    stack.client().start('one-at-a-time', { file: path, ms, deaf }, options)
  const begun = (path: string) => eventually('it has begun', async () => (await lines(path))[0])
  const waits = (handle: InvocationHandle) =>
    eventually('it waits its turn', async () => {
      const { status, waiting } = await handle.describe()
      return status === 'queued' && waiting?.for === 'turn' ? true : undefined
    })

  test('is entered once at a time, oldest first, and others do not wait for it', async () => {
    const path = file()
    const handles = [await start(path, 2_500)]
    await begun(path)
    for (let index = 0; index < 3; index += 1) handles.push(await start(path, 50))
    expect(await stack.client().invoke('at-once')).toBe('done')
    expect((await lines(path)).map((line) => line.trim())).toEqual(['begin'])
    await Promise.all(handles.map((handle) => handle.result()))
    expect((await lines(path)).map((line) => line.trim())).toEqual(Array(4).fill(['begin', 'end']).flat())
  })

  test('and is canceled while it waits has run nothing', async () => {
    const [first, second] = [file(), file()]
    const running = await start(first, 30_000)
    await begun(first)
    const waiting = await start(second, 1)
    await waits(waiting)
    expect(await waiting.cancel()).toBe('not_started')
    expect(await running.cancel()).toBe('stopped')
    expect(await lines(second)).toEqual([])
  })

  test('begins the time of its attempt with its turn, and its deadline before', async () => {
    const [first, second] = [file(), file()]
    await start(first, 1_500)
    await begun(first)
    const deadline = new Date(Date.now() + 20_000)
    await (await start(second, 1, { timeoutMs: 1_000, queueTimeoutMs: 30_000 })).result()
    const third = file()
    await start(third, 1_500)
    await begun(third)
    const fourth = file()
    await (await start(fourth, 1, { deadline, queueTimeoutMs: 30_000 })).result()
    const left = (line?: string) => Number(line?.replace('begin ', ''))
    expect(left((await lines(second))[0])).toBeGreaterThan(900)
    const [ofDeadline] = await lines(fourth)
    expect(left(ofDeadline)).toBeLessThan(17_500)
    expect(left(ofDeadline)).toBeGreaterThan(10_000)
  })

  test('has had no turn in time', async () => {
    const [first, second] = [file(), file()]
    const running = await start(first, 30_000)
    await begun(first)
    const waiting = await start(second, 1, { queueTimeoutMs: 1_500 })
    expect(await errorOf(waiting.result())).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /^as many "one-at-a-time" as this agent runs at a time were running, and this one had no turn within [\d.]+m?s; nothing ran$/,
      ) as string,
    })
    await running.cancel()
    expect(await lines(second)).toEqual([])
  })

  test('keeps its turn for as long as its handler goes on, deaf to its signal', async () => {
    const path = file()
    const first = await start(path, 1_500, { timeoutMs: 300, queueTimeoutMs: 60_000 }, true)
    await begun(path)
    const second = await start(path, 1)
    expect(await errorOf(first.result())).toMatchObject({ code: 'timed_out' })
    expect(await second.result()).toBe(null)
    expect((await lines(path)).map((line) => line.split(' ')[0])).toEqual(['begin', 'end', 'begin', 'end'])
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
