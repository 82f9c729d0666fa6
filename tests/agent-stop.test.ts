/** Agents that are told to stop, under load too: what they do not finish goes to the next at once. */
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { AgentProcess } from './support/agent-process.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { lines } from './support/outcome.js'

let stack: TestStack
let folder: string
/** Of the test under way. */
let file: string
let token: string
let client: CommandsClient
let count = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-stop-'))
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
  client = stack.client(name)
})

const startAgent = (args: readonly string[] = []): AgentProcess =>
  new AgentProcess({
    url: stack.state.url,
    token,
    stateDir: `${file}.state`,
    handlers: 'tests/fixtures/durable-handlers.ts',
    args,
  })

const serving = (agent: AgentProcess): Promise<true> =>
  eventually('the agent serves', () => (agent.stderr.includes('serving') ? true : undefined))

const entered = (): Promise<string> => eventually('the handler is entered', async () => (await lines(file))[0])

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('two agents of one journal restarted one after the other under load lose and double nothing', async () => {
  const agents = [startAgent(), startAgent()]
  await Promise.all(agents.map(serving))
  const names = Array.from({ length: 150 }, (_, index) => `line-${index}`)
  let begun = 0
  const results: string[] = []
  const invoke = async () => {
    for (let line = names[begun++]; line !== undefined; line = names[begun++]) {
      results.push(await client.invoke('count', { file, line, ms: 300 }))
    }
  }
  const load = Promise.all(Array.from({ length: 10 }, invoke))
  for (const [index, agent] of agents.entries()) {
    await eventually('some ran', async () => ((await lines(file)).length > 30 * (index + 1) ? true : undefined), 60_000)
    const next = startAgent()
    await serving(next)
    expect(await agent.stop()).toBe(0)
    agents[index] = next
  }
  await load
  expect(results.sort()).toStrictEqual([...names].sort())
  expect((await lines(file)).sort()).toStrictEqual([...names].sort())
  for (const agent of agents) expect(await agent.stop()).toBe(0)
})

test('a handler that is deaf to its signal is given back after the grace time, and the agent ends', async () => {
  const agent = startAgent(['--grace', '500ms'])
  const invocation = client.invoke<number>('deaf', { file })
  await entered()
  await using next = startAgent()
  await serving(next)
  const toldMs = performance.now()
  expect(await agent.stop()).toBe(0)
  expect(await invocation).toBe(2)
  // Half a second, two for the handler to notice, and no time-out of its heartbeats.
  expect(performance.now() - toldMs).toBeLessThan(7_000)
  expect(await next.stop()).toBe(0)
})

test.each(['SIGTERM', 'SIGINT'] as const)('a second %s ends it at once', async (signal) => {
  const agent = startAgent(['--grace', '1h'])
  await client.start('deaf', { file })
  const pid = Number(/process (\d+)/.exec(await entered())?.[1])
  const ended = agent.stop(signal)
  // Nothing tells that it has arrived, and two that come at once are one.
  await delay(1_000)
  expect(isRunning(pid)).toBe(true)
  void agent.stop(signal)
  await ended
  await eventually('its agent is gone', () => (isRunning(pid) ? undefined : true), 5_000)
})
