/** Agents that freeze, die, or lose their link: what ran is not run again, and its outcome is not lost. */
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AgentProcess } from './support/agent-process.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { hasNoted } from './support/journal.js'
import { errorOf, lines } from './support/outcome.js'
import { TcpProxy } from './support/tcp-proxy.js'

const HANDLERS = 'tests/fixtures/durable-handlers.ts'

let stack: TestStack
let folder: string
/** Of the test under way. */
let file: string
let token: string
let deploymentId: string
let client: CommandsClient
let count = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-outlive-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  const name = `customer-${(count += 1)}`
  file = join(folder, name)
  const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name })
  token = String(body.agentToken)
  deploymentId = String(body.id)
  client = stack.client(name)
})

const agentAt = (url: string, stateDir = `${file}.state`): AgentProcess =>
  new AgentProcess({ url, token, stateDir, handlers: HANDLERS })

const entered = (): Promise<string> => eventually('the handler is entered', async () => (await lines(file))[0])

const pidIn = (line: string | undefined): number => Number(/process (\d+)/.exec(line ?? '')?.[1])

/** Starts a command once its agent has said what there is, so that its own policy is known. */
async function start(command: string) {
  const { url, token: key } = stack.state
  await eventually(
    'the agent is there',
    async () => {
      const { body } = await callApi({ url }, key, 'GET', `/v1/deployments/${basename(file)}/commands`)
      return body.commands?.length > 0 ? true : undefined
    },
    60_000,
  )
  const handle = await client.start(command, { file })
  return { id: handle.id, result: () => handle.result() }
}

const endHandler = (): Promise<void> => writeFile(`${file}.end`, '')

const ended = (): Promise<true> =>
  eventually('the handler ends', async () => ((await lines(file)).at(-1) === 'ended' ? true : undefined))

/** Which delivery is waited for or under way. */
const attemptOf = async (id: string): Promise<number> => {
  const { body } = await callApi(stack.state, stack.state.token, 'GET', `/v1/invocations/${id}`)
  return Number(body.attempt)
}

const redelivered = (id: string, after = 1): Promise<true> =>
  eventually('it is delivered again', async () => ((await attemptOf(id)) > after ? true : undefined), 30_000)

const COMMANDS = ['effect', 'effect-once'] as const

describe.each(COMMANDS)('%s', (command) => {
  test('an agent that froze for a while has it back, and the handler that runs', async () => {
    await using agent = agentAt(stack.state.url)
    const { id, result } = await start(command)
    const pid = pidIn(await entered())
    process.kill(pid, 'SIGSTOP')
    await redelivered(id)
    process.kill(pid, 'SIGCONT')
    // Long enough for the lost attempt to be noticed: the handler is not told of it.
    await delay(3_000)
    await endHandler()
    expect(await result()).toBe(1)
    expect(await lines(file)).toStrictEqual([expect.stringMatching(/^attempt 1, /), 'ended'])
    expect(await agent.stop()).toBe(0)
  })

  test.each(command === 'effect' ? (['refuse', 'hang', 'hang-up'] as const) : (['refuse'] as const))(
    'a result whose link was cut (%s) is delivered when it is back',
    async (how) => {
      await using proxy = await TcpProxy.before(stack.state.url)
      await using agent = agentAt(proxy.url)
      const { id, result } = await start(command)
      await entered()
      proxy.cut(how)
      await endHandler()
      await ended()
      await redelivered(id)
      // Longer than Temporal's worker tries to deliver a result.
      if (how === 'refuse') await delay(12_000)
      proxy.restore()
      expect(await result()).toBe(1)
      expect(await lines(file)).toStrictEqual([expect.stringMatching(/^attempt 1, /), 'ended'])
      expect(await agent.stop()).toBe(0)
    },
  )

  test('an agent killed after the effect and before its report tells it from its journal', async () => {
    await using proxy = await TcpProxy.before(stack.state.url)
    await using agent = agentAt(proxy.url)
    const { id, result } = await start(command)
    const pid = pidIn(await entered())
    proxy.cut('refuse')
    await endHandler()
    const run = { stateDir: `${file}.state`, deploymentId, invocationId: id }
    await eventually('its outcome is noted', () => (hasNoted(run) ? true : undefined))
    process.kill(pid, 'SIGKILL')
    await redelivered(id)
    proxy.restore()
    expect(await result()).toBe(1)
    expect(await lines(file)).toStrictEqual([expect.stringMatching(/^attempt 1, /), 'ended'])
    expect(await agent.stop()).toBe(0)
  })
})

describe('an at-most-once command whose agent was killed', () => {
  test('is not run by the next agent of the same journal, which says when it began', async () => {
    await using agent = agentAt(stack.state.url)
    const { result } = await start('effect-once')
    process.kill(pidIn(await entered()), 'SIGKILL')
    expect(await errorOf(result())).toMatchObject({
      code: 'outcome_unknown',
      message: expect.stringMatching(
        /^"effect-once" is at-most-once and was not run again: attempt 1 began at 20.*Z, and its agent ended or was cut off before the handler did$/,
      ) as string,
    })
    expect(await lines(file)).toHaveLength(1)
    expect(await agent.stop()).toBe(0)
  })

  test('is not run by an agent with another journal', async () => {
    const first = agentAt(stack.state.url)
    const { id, result } = await start('effect-once')
    const pid = pidIn(await entered())
    first.stop('SIGKILL').catch(() => undefined)
    process.kill(pid, 'SIGKILL')
    await redelivered(id)
    await using second = agentAt(stack.state.url, `${file}.elsewhere`)
    expect(await errorOf(result())).toStrictEqual({
      code: 'outcome_unknown',
      message:
        '"effect-once" is at-most-once and was not run again: an agent that keeps its journal elsewhere had it before, and nothing came back',
    })
    expect(await lines(file)).toHaveLength(1)
    expect(await second.stop()).toBe(0)
  })
})
