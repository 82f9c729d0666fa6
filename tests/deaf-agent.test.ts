/** Agents whose polls are lost on the way while all else passes: healthy to look at, and deaf. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentProcess } from './support/agent-process.js'
import { DeafProxy } from './support/deaf-proxy.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { lines } from './support/outcome.js'

let stack: TestStack
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-deaf-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: [] })
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

/** Found out after 5 s without a poll, a question every 7 s, and one more. */
const REPLACED_WITHIN_MS = 15_000

test('is noticed and has a worker in place of the deaf one within 15 s, and its handlers go on', async () => {
  const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name: 'deaf' })
  const file = join(folder, 'effects')
  await using proxy = await DeafProxy.before(stack.state.url)
  await using agent = new AgentProcess({
    url: proxy.url,
    token: body.agentToken,
    stateDir: `${file}.state`,
    handlers: 'tests/fixtures/durable-handlers.ts',
    // What is under way may take no longer than this before it is handed over to the new worker.
    args: ['--grace', '1s'],
  })
  const client = stack.client('deaf')
  await client.invoke('count', { file: `${file}.first`, line: 'first' })
  const running = await client.start('effect-once', { file })
  await eventually('the handler is entered', async () => (await lines(file))[0])
  await eventually('both polls are held', () => (proxy.polls === 2 ? true : undefined))

  proxy.deafen()
  const deafAtMs = performance.now()
  const waiting = client.invoke('count', { file: `${file}.second`, line: 'second' })
  await eventually('polls pass again', () => (proxy.polls > 0 ? true : undefined), 30_000)
  expect(performance.now() - deafAtMs).toBeLessThan(REPLACED_WITHIN_MS)
  expect(await waiting).toBe('second')
  expect(agent.stderr).toContain('the polls of this agent do not arrive at the control plane; connecting anew')

  await writeFile(`${file}.end`, '')
  expect(await running.result()).toBe(1)
  expect(await lines(file)).toStrictEqual([expect.stringMatching(/^attempt 1, /), 'ended'])
  expect(await agent.stop()).toBe(0)
})
