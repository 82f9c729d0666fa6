/** Agents that are told to stop, under load too: what they do not finish goes to the next at once. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AgentProcess } from './support/agent-process.js'
import { Customer } from './support/customer.js'
import { eventually } from './support/eventually.js'
import { lines } from './support/outcome.js'

let stack: TestStack
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-stop-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: [] })
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

const startAgent = (customer: Customer, args: readonly string[] = []): AgentProcess =>
  customer.startAgent({ handlers: 'tests/fixtures/durable-handlers.ts', args })

const serving = (agent: AgentProcess): Promise<true> =>
  eventually('the agent serves', () => (agent.stderr.includes('serving') ? true : undefined), 60_000)

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

// Mostly they wait: for agents to start, and to stop.
describe.concurrent('an agent that is told to stop', () => {
  test('two agents of one journal restarted one after the other under load lose and double nothing', async () => {
    const customer = await Customer.of(stack, folder)
    const { client, file } = customer
    const agents = [startAgent(customer), startAgent(customer)]
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
      await eventually(
        'some ran',
        async () => ((await lines(file)).length > 30 * (index + 1) ? true : undefined),
        60_000,
      )
      const next = startAgent(customer)
      await serving(next)
      expect(await agent.stop()).toBe(0)
      agents[index] = next
    }
    await load
    expect(results.sort()).toStrictEqual([...names].sort())
    expect((await lines(file)).sort()).toStrictEqual([...names].sort())
    for (const agent of agents) expect(await agent.stop()).toBe(0)
  })

  test('a handler has the grace time to end, and its result counts', async () => {
    const customer = await Customer.of(stack, folder)
    const agent = startAgent(customer, ['--grace', '30s'])
    await customer.served()
    const invocation = customer.client.invoke<number>('effect', { file: customer.file })
    await customer.entered()
    const stopped = agent.stop()
    // Longer than a handler has whose signal was aborted.
    await delay(4_000)
    await writeFile(`${customer.file}.end`, '')
    expect(await invocation).toBe(1)
    expect(await stopped).toBe(0)
    expect((await lines(customer.file)).at(-1)).toBe('ended')
  })

  test('a handler that is deaf to its signal is given back after the grace time, and the agent ends', async () => {
    const customer = await Customer.of(stack, folder)
    const agent = startAgent(customer, ['--grace', '500ms'])
    const invocation = customer.client.invoke<number>('deaf', { file: customer.file }, { heartbeatTimeoutMs: 120_000 })
    await customer.entered()
    await using next = startAgent(customer)
    await serving(next)
    const toldMs = performance.now()
    expect(await agent.stop()).toBe(0)
    expect(await invocation).toBe(2)
    // Half a second, two for the handler to notice, and no time-out of its heartbeats.
    expect(performance.now() - toldMs).toBeLessThan(60_000)
    expect(await next.stop()).toBe(0)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('a second %s ends it at once', async (signal) => {
    const customer = await Customer.of(stack, folder)
    const agent = startAgent(customer, ['--grace', '1h'])
    await customer.client.start('deaf', { file: customer.file })
    const pid = Number(/process (\d+)/.exec(await customer.entered())?.[1])
    const ended = agent.stop(signal)
    // Nothing tells that it has arrived, and two that come at once are one.
    await delay(1_000)
    expect(isRunning(pid)).toBe(true)
    void agent.stop(signal)
    await ended
    await eventually('its agent is gone', () => (isRunning(pid) ? undefined : true))
  })
})
