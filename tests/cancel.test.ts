/** Canceling: what the caller is told of it is what happened. */
import { CommandsClient, type InvocationHandle } from '@alienplatform/sdk/commands'
import { startControlPlane, type ControlPlane } from '@alienplatform/sdk/server'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer, type DevServer } from '../temporal/dev-server.js'
import { freePort } from '../temporal/free-port.js'
import { plainTemporal } from '../temporal/settings.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { errorOf, lines } from './support/outcome.js'

let stack: TestStack
let client: CommandsClient
let folder: string
let files = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-cancel-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
  client = stack.client()
  await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name: 'nobody-home' })
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

const newFile = () => join(folder, String((files += 1)))

const running = (handle: InvocationHandle): Promise<true> =>
  eventually('it runs', async () => ((await handle.status()) === 'running' ? true : undefined))

async function startUntilAborted(): Promise<{ handle: InvocationHandle; file: string }> {
  const file = newFile()
  const handle = await client.start('until-aborted', { file })
  await eventually('the handler starts', async () => (await lines(file))[0])
  return { handle, file }
}

describe('a handler that stops when it is told to', () => {
  test('is stopped, and the reason is kept', async () => {
    const { handle, file } = await startUntilAborted()
    expect(await handle.cancel({ reason: 'wrong database' })).toBe('stopped')
    expect(await lines(file)).toHaveLength(2)
    expect(await errorOf(handle.result())).toStrictEqual({
      code: 'canceled',
      message: '"until-aborted" was canceled, and its handler stopped (wrong database)',
      details: { verdict: 'stopped', reason: 'wrong database' },
    })
    expect(await handle.status()).toBe('canceled')
  })

  test('everybody who cancels it is told the same, then and later', async () => {
    const { handle } = await startUntilAborted()
    const others = [1, 2, 3].map(() => client.getInvocation(handle.id).cancel({ reason: 'me too' }))
    expect(await Promise.all([handle.cancel(), ...others])).toStrictEqual(['stopped', 'stopped', 'stopped', 'stopped'])
    expect(await handle.cancel()).toBe('stopped')
  })
})

test('what no agent has taken never starts, and nobody waits for that', async () => {
  const handle = await stack.client('nobody-home').start('anything')
  const startedAtMs = performance.now()
  expect(await handle.cancel()).toBe('not_started')
  // It would be an hour.
  expect(performance.now() - startedAtMs).toBeLessThan(20_000)
  expect(await errorOf(handle.result())).toStrictEqual({
    code: 'canceled',
    message: '"anything" was canceled before its handler was entered; nothing ran',
    details: { verdict: 'not_started' },
  })
})

test('those whose callers do not wait are canceled all the same', async () => {
  const started = await Promise.all(Array.from({ length: 20 }, () => startUntilAborted()))
  const path = ({ handle }: { handle: InvocationHandle }) => `/v1/invocations/${handle.id}/cancel`
  await Promise.all(started.map((one) => callApi(stack.state, stack.state.token, 'POST', path(one), { wait: 0 })))
  const ends = await Promise.all(started.map(({ handle }) => errorOf(handle.result())))
  expect(ends).toMatchObject(started.map(() => ({ code: 'canceled', details: { verdict: 'stopped' } })))
})

test('while the vendor has no worker it is kept for the next one, also over a restart of Temporal', async () => {
  const { path: binaryPath } = await resolveTemporalBinary({ onProgress: () => undefined })
  const port = await freePort()
  const startTemporal = async (): Promise<DevServer> => {
    const dbFilename = join(folder, 'temporal.db')
    const server = await startDevServer({ binaryPath, port, dbFilename, searchAttributes: SEARCH_ATTRIBUTES })
    onTestFinished(server.stop)
    return server
  }
  const apiKey = 'a'.repeat(32)
  const start = async (vendorWorker: boolean): Promise<ControlPlane> => {
    const controlPlane = await startControlPlane({
      host: '127.0.0.1',
      port: 0,
      registry: { file: join(folder, 'registry.db') },
      apiKey: { name: 'operator', token: apiKey },
      temporal: plainTemporal(`127.0.0.1:${port}`, 'default'),
      vendorWorker,
      log: pino({ level: 'silent' }),
    })
    onTestFinished(() => controlPlane.close())
    return controlPlane
  }
  const temporal = await startTemporal()
  const at = await start(false)
  await callApi(at, apiKey, 'POST', '/v1/deployments', { name: 'acme-corp' })
  const { id } = await new CommandsClient({ deploymentId: 'acme-corp', token: apiKey, url: at.url }).start('anything')
  expect(await callApi(at, apiKey, 'POST', `/v1/invocations/${id}/cancel`, { wait: 0 })).toMatchObject({ status: 202 })
  await temporal.stop()
  await startTemporal()
  const { url } = await start(true)
  const handle = new CommandsClient({ deploymentId: 'acme-corp', token: apiKey, url }).getInvocation(id)
  expect(await errorOf(handle.result())).toMatchObject({ code: 'canceled', details: { verdict: 'not_started' } })
}, 60_000)

test('what has ended is left as it is', async () => {
  const handle = await client.start('echo', { value: 7 })
  expect(await handle.result()).toBe(7)
  expect(await handle.cancel()).toBe('finished_first')
  expect(await handle.result()).toBe(7)
  const failed = await client.start('fail')
  await errorOf(failed.result())
  expect(await failed.cancel()).toBe('finished_first')
  expect(await failed.status()).toBe('failed')
})

test('of what has ended, the verdict says no more of its handler than is known', async () => {
  const timedOut = await client.start('sleep', { ms: 60_000 }, { timeoutMs: 300 })
  expect(await errorOf(timedOut.result())).toMatchObject({ code: 'timed_out' })
  expect(await timedOut.cancel()).toBe('unknown')
  const offline = await stack.client('nobody-home').start('anything', {}, { queueTimeoutMs: 100 })
  expect(await errorOf(offline.result())).toMatchObject({ code: 'deployment_offline' })
  expect(await offline.cancel()).toBe('not_started')
})

test('a handler that goes on is said to run, and its result counts', async () => {
  const handle = await client.start('sleep', { ms: 2_500 })
  await running(handle)
  const cancel = (wait: number) =>
    callApi(stack.state, stack.state.token, 'POST', `/v1/invocations/${handle.id}/cancel`, { wait })
  expect(await cancel(1_200)).toMatchObject({ status: 202, body: { invocation: { status: 'running', attempt: 1 } } })
  expect(await handle.cancel()).toBe('finished_first')
  expect(await handle.result()).toBe('slept')
})

test('an agent that is silent keeps nobody waiting', async () => {
  const file = newFile()
  const pid = Number(await client.invoke('pid'))
  const handle = await client.start('until-aborted', { file }, { heartbeatTimeoutMs: 60_000 })
  await eventually('the handler starts', async () => (await lines(file))[0])
  process.kill(pid, 'SIGSTOP')
  onTestFinished(() => void process.kill(pid, 'SIGCONT'))
  const startedAtMs = performance.now()
  expect(await handle.cancel()).toBe('unknown')
  // Otherwise until the agent counts as lost.
  expect(performance.now() - startedAtMs).toBeLessThan(20_000)
  expect(await handle.status()).toBe('running')
  process.kill(pid, 'SIGCONT')
  expect(await handle.cancel()).toBe('stopped')
})

test('between two attempts nothing runs, and none follows', async () => {
  const file = newFile()
  const retry = { maxAttempts: 3, initialInterval: '1m' }
  const handle = await client.start('count-and-fail', { file }, { retry })
  await eventually(
    'it failed once',
    async () => ((await handle.status()) === 'queued' && (await lines(file))[0]) || undefined,
  )
  expect(await handle.cancel()).toBe('stopped')
  expect(await errorOf(handle.result())).toStrictEqual({
    code: 'canceled',
    message: '"count-and-fail" was canceled after it had failed once',
    details: { verdict: 'stopped' },
  })
  expect(await lines(file)).toHaveLength(1)
})

test('a race of cancel and result has one winner, and both sides say so', async () => {
  const race = async (index: number) => {
    const file = newFile()
    const handle = await client.start('count-unless-aborted', { file, ms: (index % 10) * 40 })
    await new Promise((resolve) => setTimeout(resolve, (index % 7) * 60))
    const verdict = await handle.cancel()
    const { status } = await handle.describe()
    return { verdict, status, effects: (await lines(file)).length }
  }
  const TRUE_OUTCOMES = [
    { verdict: 'finished_first', status: 'succeeded', effects: 1 },
    { verdict: 'stopped', status: 'canceled', effects: 0 },
    { verdict: 'not_started', status: 'canceled', effects: 0 },
  ]
  for (let round = 0; round < 5; round += 1) {
    for (const outcome of await Promise.all(Array.from({ length: 14 }, (_, index) => race(round * 14 + index)))) {
      expect(TRUE_OUTCOMES).toContainEqual(outcome)
    }
  }
})

describe('a bad cancel', () => {
  const cancel = (id: string, body: unknown) =>
    callApi(stack.state, stack.state.token, 'POST', `/v1/invocations/${id}/cancel`, body)

  test.each([
    [{ reason: 'x'.repeat(1_001) }, 'bad cancel: reason: Too big: expected string to have <=1000 characters'],
    [{ reason: '' }, 'bad cancel: reason: Too small: expected string to have >=1 characters'],
    [{ why: 'because' }, 'bad cancel: Unrecognized key: "why"'],
    [{ wait: 'soon' }, 'bad cancel: wait: "soon" must be a duration, like "30s" or 30000'],
  ])('%j', async (body, message) => {
    const { status, body: answer } = await cancel('inv_nowhere-0123456789abcdef', body)
    expect({ status, error: answer.error }).toMatchObject({ status: 400, error: { code: 'invalid_request', message } })
  })

  test('of an invocation that is not there', async () => {
    const { status, body } = await cancel('inv_nowhere-0123456789abcdef', {})
    expect(status).toBe(404)
    expect(body.error.code).toBe('invocation_not_found')
  })
})
