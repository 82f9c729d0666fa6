/** Runs after all other tests, with the machine to itself. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { errorOf } from './support/outcome.js'

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
  await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name: 'nobody-home' })
})

afterAll(() => stack.close())

test('no wait on the way has a beat of its own', async () => {
  const client = stack.client()
  const spreads: number[] = []
  for (let round = 0; round < 3; round += 1) {
    const tookMs: number[] = []
    for (let count = 0; count < 50; count += 1) {
      const start = performance.now()
      await client.invoke('sleep', { ms: 1 })
      tookMs.push(performance.now() - start)
    }
    tookMs.sort((a, b) => a - b)
    spreads.push((tookMs[45] ?? Infinity) - (tookMs[5] ?? 0))
  }
  // A poll interval anywhere would spread the answers of every round over its length; a busy machine spreads some.
  expect(Math.min(...spreads)).toBeLessThan(40)
})

describe('an agent that is not there keeps nobody waiting for more than a second', () => {
  const within = async <T>(answer: Promise<T>): Promise<T> => {
    const startMs = performance.now()
    const value = await answer
    expect(performance.now() - startMs).toBeLessThan(1_000)
    return value
  }

  test('who wants to fail fast', async () => {
    const invoked = stack.client('nobody-home').invoke('anything', {}, { failFast: true })
    expect(await within(errorOf(invoked))).toMatchObject({ code: 'deployment_offline' })
  })

  test('who cancels what nobody took', async () => {
    const handle = await stack.client('nobody-home').start('anything')
    expect(await within(handle.cancel())).toBe('not_started')
  })

  test('who cancels what an agent took that is silent now', async () => {
    const client = stack.client()
    const pid = Number(await client.invoke('pid'))
    const handle = await client.start('sleep', { ms: 8_000 }, { heartbeatTimeoutMs: 60_000 })
    await eventually('it runs', async () => ((await handle.status()) === 'running' ? true : undefined))
    process.kill(pid, 'SIGSTOP')
    onTestFinished(() => void process.kill(pid, 'SIGCONT'))
    expect(await within(handle.cancel())).toBe('unknown')
  })
})
