/** Agents that freeze, die, or lose their link: what ran is not run again, and its outcome is not lost. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Customer } from './support/customer.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { hasNoted } from './support/journal.js'
import { errorOf, lines } from './support/outcome.js'
import { queueTimes } from './support/queue-times.js'
import { TcpProxy } from './support/tcp-proxy.js'

const handlers = 'tests/fixtures/durable-handlers.ts'

let stack: TestStack
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-outlive-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: [] })
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

/** Starts a command once its agent has said what there is, so that its own policy is known. */
async function start(customer: Customer, command: string) {
  await customer.served()
  const handle = await customer.client.start(command, { file: customer.file })
  return { id: handle.id, result: () => handle.result() }
}

const pidIn = (line: string | undefined): number => Number(/process (\d+)/.exec(line ?? '')?.[1])

const endHandler = ({ file }: Customer): Promise<void> => writeFile(`${file}.end`, '')

const ended = ({ file }: Customer): Promise<true> =>
  eventually('the handler ends', async () => ((await lines(file)).at(-1) === 'ended' ? true : undefined))

/** Which delivery is waited for or under way. */
const attemptOf = async (id: string): Promise<number> => {
  const { body } = await callApi(stack.state, stack.state.token, 'GET', `/v1/invocations/${id}`)
  return Number(body.attempt)
}

const redelivered = (id: string, after = 1): Promise<true> =>
  eventually('it is delivered again', async () => ((await attemptOf(id)) > after ? true : undefined), 30_000)

const COMMANDS = ['effect', 'effect-once'] as const

// What they wait for is mostly time: Temporal's, to notice that an agent is gone.
describe.concurrent.each(COMMANDS)('%s', (command) => {
  test('an agent that froze for a while has it back, and the handler that runs', async () => {
    const customer = await Customer.of(stack, folder)
    await using agent = customer.startAgent({ handlers })
    const { id, result } = await start(customer, command)
    const pid = pidIn(await customer.entered())
    process.kill(pid, 'SIGSTOP')
    await redelivered(id)
    process.kill(pid, 'SIGCONT')
    // Long enough for the lost attempt to be noticed: the handler is not told of it.
    await delay(3_000)
    await endHandler(customer)
    expect(await result()).toBe(1)
    expect(await lines(customer.file)).toStrictEqual([expect.stringMatching(/^attempt 1, /), 'ended'])
    expect(await agent.stop()).toBe(0)
  })

  test.each(command === 'effect' ? (['refuse', 'hang', 'hang-up'] as const) : (['refuse'] as const))(
    'a result whose link was cut (%s) is delivered when it is back',
    async (how) => {
      const customer = await Customer.of(stack, folder)
      await using proxy = await TcpProxy.before(stack.state.url)
      await using agent = customer.startAgent({ handlers, url: proxy.url })
      const { id, result } = await start(customer, command)
      await customer.entered()
      proxy.cut(how)
      await endHandler(customer)
      await ended(customer)
      await redelivered(id)
      // Longer than Temporal's worker tries to deliver a result.
      if (how === 'refuse') await delay(12_000)
      proxy.restore()
      expect(await result()).toBe(1)
      expect(await lines(customer.file)).toStrictEqual([expect.stringMatching(/^attempt 1, /), 'ended'])
      expect(await agent.stop()).toBe(0)
    },
  )

  test('an agent killed after the effect and before its report tells it from its journal', async () => {
    const customer = await Customer.of(stack, folder)
    await using proxy = await TcpProxy.before(stack.state.url)
    await using agent = customer.startAgent({ handlers, url: proxy.url })
    const { id, result } = await start(customer, command)
    const pid = pidIn(await customer.entered())
    proxy.cut('refuse')
    await endHandler(customer)
    const { stateDir, deploymentId } = customer
    const run = { stateDir, deploymentId, invocationId: id }
    await eventually('its outcome is noted', () => (hasNoted(run) ? true : undefined))
    process.kill(pid, 'SIGKILL')
    await redelivered(id)
    proxy.restore()
    expect(await result()).toBe(1)
    expect(await lines(customer.file)).toStrictEqual([expect.stringMatching(/^attempt 1, /), 'ended'])
    expect(await agent.stop()).toBe(0)
  })
})

// Several times longer than Temporal waits for its heartbeats, and than an agent is silent before it counts as lost.
test.concurrent('a handler goes on while its link hangs, and ends the invocation when it is back', async () => {
  const customer = await Customer.of(stack, folder)
  await using proxy = await TcpProxy.before(stack.state.url)
  await using agent = customer.startAgent({ handlers, url: proxy.url })
  const { id, result } = await start(customer, 'effect')
  await customer.entered()
  proxy.cut('hang')
  await redelivered(id)
  await delay(40_000)
  proxy.restore()
  await redelivered(id)
  await endHandler(customer)
  expect(await result()).toBe(1)
  expect(await lines(customer.file)).toStrictEqual([expect.stringMatching(/^attempt 1, /), 'ended'])
  expect(await agent.stop()).toBe(0)
})

test('a handler that holds its process is not taken for lost, and that is logged', async () => {
  const customer = await Customer.of(stack, folder)
  await using agent = customer.startAgent({ handlers })
  await customer.served()
  const handle = await customer.client.start('hold', { file: customer.file, ms: 12_000 })
  await customer.entered()
  expect(await handle.result()).toBe(1)
  expect((await queueTimes(stack.state.temporalAddress, handle.id)).queued).toHaveLength(1)
  await eventually('it is logged', () => (agent.stderr.includes('was held for') ? true : undefined))
  expect(agent.stderr).toMatch(
    /the thread of this agent was held for [\d.]+s while it ran \\?"hold\\?": nothing else ran meanwhile, and no cancel was heard; give such work to a worker thread or a process of its own/,
  )
  expect(await agent.stop()).toBe(0)
})

test.concurrent(
  'a handler that is deaf to a cancel is said to run as long as it is waited for, and then nobody knows',
  async () => {
    const customer = await Customer.of(stack, folder)
    await using agent = customer.startAgent({ handlers, args: ['--grace', '1s'] })
    await customer.served()
    const handle = await customer.client.start('deaf', { file: customer.file })
    await customer.entered()
    // Nobody said how long: nothing but the silence of its agent ends it.
    const [attempt] = (await queueTimes(stack.state.temporalAddress, handle.id)).queued
    expect(attempt?.runMs).toBeGreaterThanOrEqual(365 * 86_400_000)
    expect(attempt?.silenceMs).toBe(8_000)
    const verdict = handle.cancel()
    await delay(20_000)
    expect(await handle.status()).toBe('running')
    expect(await verdict).toBe('unknown')
    expect(await errorOf(handle.result())).toStrictEqual({
      code: 'outcome_unknown',
      message: '"deaf" was canceled; its handler did not stop within 30s, and whether it goes on is unknown',
      details: { verdict: 'unknown' },
    })
    await agent.stop()
  },
)

describe.concurrent('an at-most-once command whose agent was killed', () => {
  test('is not run by the next agent of the same journal, which says when it began', async () => {
    const customer = await Customer.of(stack, folder)
    await using agent = customer.startAgent({ handlers })
    const { result } = await start(customer, 'effect-once')
    process.kill(pidIn(await customer.entered()), 'SIGKILL')
    expect(await errorOf(result())).toMatchObject({
      code: 'outcome_unknown',
      message: expect.stringMatching(
        /^"effect-once" is at-most-once and was not run again: attempt 1 began at 20.*Z, and its agent ended or was cut off before the handler did$/,
      ) as string,
    })
    expect(await lines(customer.file)).toHaveLength(1)
    expect(await agent.stop()).toBe(0)
  })

  test('is not run by an agent with another journal', async () => {
    const customer = await Customer.of(stack, folder)
    const first = customer.startAgent({ handlers })
    const { id, result } = await start(customer, 'effect-once')
    const pid = pidIn(await customer.entered())
    first.stop('SIGKILL').catch(() => undefined)
    process.kill(pid, 'SIGKILL')
    await redelivered(id)
    await using second = customer.startAgent({ handlers, stateDir: `${customer.file}.elsewhere` })
    expect(await errorOf(result())).toStrictEqual({
      code: 'outcome_unknown',
      message:
        '"effect-once" is at-most-once and was not run again: an agent that keeps its journal elsewhere had it before, and nothing came back',
    })
    expect(await lines(customer.file)).toHaveLength(1)
    expect(await second.stop()).toBe(0)
  })
})
