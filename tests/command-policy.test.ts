/** What a command's author declares, and what a caller may make of it. */
import { CommandError, type InvocationHandle, type InvokeOptions } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { AgentProcess } from './support/agent-process.js'
import { eventually } from './support/eventually.js'
import { callApi, type Answer } from './support/http.js'
import { errorOf, lines } from './support/outcome.js'
import { queueTimes } from './support/queue-times.js'
import { RawAgent } from './support/raw-agent.js'

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
    const retry = { initialInterval: '1m' }
    const { outcome, runs } = await run('busy', { times: 2, retryAfter: '300ms' }, { retry })
    expect(outcome).toBe(3)
    const [first = 0, second = 0, third = 0] = runs
    expect(second - first).toBeGreaterThanOrEqual(300)
    expect(third - second).toBeGreaterThanOrEqual(300)
    expect(third - first).toBeLessThan(60_000)
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
    const deadline = new Date(Date.now() + 60_000)
    await (await start(second, 1, { timeoutMs: 1_000, queueTimeoutMs: 30_000 })).result()
    const third = file()
    await start(third, 1_500)
    await begun(third)
    const fourth = file()
    await (await start(fourth, 1, { deadline, queueTimeoutMs: 30_000 })).result()
    const left = (line?: string) => Number(line?.replace('begin ', ''))
    expect(left((await lines(second))[0])).toBeGreaterThan(900)
    const [ofDeadline] = await lines(fourth)
    expect(left(ofDeadline)).toBeLessThan(57_500)
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

describe('failFast', () => {
  test('says at once that no agent is online, starts nothing, and is found when it was started before', async () => {
    await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name: 'never-there' })
    const id = 'inv_anything_0123456789abcdef'
    const startedAtMs = performance.now()
    const call = { deployment: 'never-there', command: 'anything', id }
    expect(await post({ ...call, failFast: true, wait: '30s' })).toMatchObject({
      status: 409,
      body: {
        error: {
          code: 'deployment_offline',
          message: 'no agent of "never-there" was ever online; nothing was started',
          details: { lastSeenAt: null },
        },
      },
    })
    // It would be the 30 s of the call.
    expect(performance.now() - startedAtMs).toBeLessThan(20_000)
    expect((await get(id)).status).toBe(404)
    expect((await post(call)).status).toBe(202)
    expect(await post({ ...call, failFast: true })).toMatchObject({ status: 202, body: { id, status: 'queued' } })
    // A start is answered before the vendor worker has queued the delivery.
    const waiting = await eventually('the vendor worker took its step', async () => {
      const { body } = await get(id)
      return (body.waiting as { for: string }).for === 'vendor_worker' ? undefined : body.waiting
    })
    expect(waiting).toMatchObject({ for: 'agent', message: 'no agent of "never-there" was ever online' })
  })

  test('changes nothing while one is', async () => {
    expect(await stack.client().invoke('at-once', {}, { failFast: true })).toBe('done')
  })
})

test('between two attempts it is told what is waited for, and until when', async () => {
  const file = join(folder, randomUUID())
  const handle = await stack.client().start('busy', { file, times: 1, retryAfter: '10m' })
  const waiting = await eventually('it waits', async () => {
    const { waiting } = await handle.describe()
    return waiting?.for === 'back_off' ? waiting : undefined
  })
  expect(waiting.message).toBe(`back-off before attempt 2, until ${String(waiting.until)}`)
  expect(Date.parse(waiting.until ?? '') - Date.parse(waiting.since ?? '')).toBe(600_000)
  // A list is of Temporal's visibility, which follows.
  const listed = await eventually('it is listed', async () => {
    const { body } = await callApi(stack.state, stack.state.token, 'GET', '/v1/invocations?status=queued')
    return body.invocations.find(({ id }: { id: string }) => id === handle.id) as object | undefined
  })
  expect(listed).toMatchObject({ waiting })
  expect(await handle.cancel()).toBe('stopped')
})

test('what waited for an agent begins oldest first, at the pace of the agent, when one comes back', async () => {
  const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name: 'away' })
  const path = join(folder, randomUUID())
  const handles: InvocationHandle[] = []
  for (let number = 0; number < 20; number += 1) {
    handles.push(await stack.client('away').start('one-at-a-time', { file: path, ms: 1, name: number }))
  }
  await using agent = new AgentProcess({
    url: stack.state.url,
    token: body.agentToken,
    stateDir: join(folder, 'away'),
    handlers: resolve('tests/fixtures/policy-handlers.ts'),
  })
  await Promise.all(handles.map((handle) => handle.result()))
  expect(await agent.stop()).toBe(0)
  const seen = (await lines(path)).filter((line) => line.startsWith('end'))
  expect(seen).toHaveLength(handles.length)
  expect((await lines(path)).filter((_, index) => index % 2 === 0)).toEqual(Array(handles.length).fill('begin '))
  // The agent's polls, five at a time, come back in any order.
  const outOfPlace = seen.map((line, index) => Math.abs(Number(line.replace('end ', '')) - index))
  expect(Math.max(...outOfPlace)).toBeLessThan(5)
})

describe('the wait for an agent', () => {
  /** An agent by hand takes what comes, and says so of it. When each was queued, and for how long. */
  async function waits(name: string, policy: object, failures: readonly object[]) {
    const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name })
    const commands = [{ name: 'by-hand', policy: {} }]
    await callApi(stack.state, body.agentToken as string, 'POST', '/v1/agent/session', { commands })
    const agent = new RawAgent(stack.state.url, body.agentToken as string)
    onTestFinished(() => agent.close())
    const started = await post({ deployment: name, command: 'by-hand', queueTimeout: '1m', ...policy })
    for (const failure of failures) {
      const { taskToken } = await agent.call('PollActivityTaskQueue', {
        namespace: stack.state.namespace,
        taskQueue: { name: `deployment-${String(body.id)}`, kind: 1 },
        workerInstanceKey: 'raw',
      })
      await agent.call('RespondActivityTaskFailed', { namespace: stack.state.namespace, taskToken, failure })
    }
    return eventually('it is queued again', async () => {
      const { startedAtMs, queued } = await queueTimes(stack.state.temporalAddress, String(started.body.id))
      return queued.length > failures.length ? { startedAtMs, queued } : undefined
    })
  }
  const failure = (type: string) => ({ message: 'no', applicationFailureInfo: { type, nonRetryable: true } })

  test('has one time-out, however often it is delivered to nobody', async () => {
    const { startedAtMs, queued } = await waits('by-hand', {}, [failure('task_not_delivered'), failure('unavailable')])
    // It is counted from the start of the workflow, whose first delivery may be scheduled some ms after it.
    for (const { atMs, timeoutMs } of queued) {
      expect(timeoutMs).toBeLessThanOrEqual(60_000)
      expect(Math.abs(atMs + timeoutMs - (startedAtMs + 60_000))).toBeLessThan(5_000)
    }
    // What an agent said that it could not begin waits a second before it comes again.
    expect(queued).toHaveLength(3)
    expect(queued[2]?.timeoutMs).toBeLessThanOrEqual(59_000)
  })

  test('begins anew once it ran, after the back-off', async () => {
    const retry = { maxAttempts: 2, initialInterval: 1_000 }
    const { queued } = await waits('by-hand-again', { retry }, [failure('command_failed')])
    expect(queued.map(({ timeoutMs }) => timeoutMs)).toEqual([expect.any(Number), 60_000])
  })
})

describe('deadlines', () => {
  const timesLeft = async (path: string) => (await lines(path)).map(Number)

  test('shrink over the attempts', async () => {
    const path = join(folder, randomUUID())
    await stack.client().invoke('time-left', { file: path }, { deadline: new Date(Date.now() + 60_000) })
    const [first = 0, second = 0, third = 0] = await timesLeft(path)
    expect(first).toBeLessThanOrEqual(60_000)
    expect(first).toBeGreaterThan(50_000)
    expect(second).toBeLessThanOrEqual(first - 290)
    expect(third).toBeLessThanOrEqual(second - 590)
  })

  test('past them the signal fires, and a late result changes nothing', async () => {
    const path = join(folder, randomUUID())
    const handle = await stack
      .client()
      .start('over-time', { file: path, ms: 2_500 }, { deadline: new Date(Date.now() + 1_000) })
    const outcome = await errorOf(handle.result())
    expect(outcome).toMatchObject({ code: 'timed_out' })
    const late = await eventually('its handler ends', async () => {
      const seen = await lines(path)
      return seen.length === 2 ? seen : undefined
    })
    expect(late).toEqual([expect.stringMatching(/^aborted: "over-time" did not finish within /), 'late'])
    expect(await errorOf(handle.result())).toEqual(outcome)
    expect(await handle.status()).toBe('failed')
  })

  test('count from the start, wherever it waits, and whatever an agent takes for the time', async () => {
    const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name: 'late' })
    const stateDir = join(folder, 'late')
    const clock = join(folder, 'clock')
    await writeFile(clock, '-3600000')
    const path = join(folder, randomUUID())
    // No agent has published what the command's author declares.
    const retry = { maxAttempts: 3, initialInterval: 300 }
    const deadline = new Date(Date.now() + 40_000)
    const handle = await stack.client('late').start('time-left', { file: path }, { deadline, retry })
    await eventually('it has waited', () => (Date.now() > deadline.getTime() - 37_000 ? true : undefined))
    await using agent = new AgentProcess({
      url: stack.state.url,
      token: body.agentToken,
      stateDir,
      handlers: resolve('tests/fixtures/policy-handlers.ts'),
      env: { CHAOS_CLOCK: clock, NODE_OPTIONS: `--import=${pathToFileURL(resolve('chaos/shift-clock.js')).href}` },
    })
    await handle.result()
    expect(await agent.stop()).toBe(0)
    const [first = 0] = await timesLeft(path)
    expect(first).toBeLessThanOrEqual(37_000)
    expect(first).toBeGreaterThan(15_000)
  })
})

test('of 200 racers on one key, one runs', async () => {
  const path = join(folder, randomUUID())
  const call = { command: 'one-at-a-time', params: { file: path, ms: 1 }, idempotencyKey: 'raced', wait: '50s' }
  const answers = await Promise.all(Array.from({ length: 200 }, () => post(call)))
  expect(new Set(answers.map(({ body }) => String(body.id))).size).toBe(1)
  expect(new Set(answers.map(({ body }) => String(body.status)))).toEqual(new Set(['succeeded']))
  expect(await lines(path)).toHaveLength(2)
  const other = await post({ ...call, params: { file: path, ms: 2 } })
  expect(other).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } })
  expect(other.body.error.message).toMatch(
    /^idempotency key "raced" was used with other params \(SHA-256 [0-9a-f]{64}, now [0-9a-f]{64}\); use a new one for a new call$/,
  )
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
