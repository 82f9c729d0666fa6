/** Who is there: agents are online while they receive. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { hostname } from 'node:os'
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Waiting } from '../protocol/invocation.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { errorOf } from './support/outcome.js'
import { encoded, RawAgent, refusalOf, WORKFLOW_SERVICE } from './support/raw-agent.js'

const { version } = createRequire(import.meta.url)('@alienplatform/sdk/package.json') as { version: string }
let stack: TestStack

const api = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> =>
  (await callApi(stack.state, stack.state.token, method, path, body)).body as Record<string, unknown>

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
})

afterAll(() => stack.close())

// They wait for time to pass.
describe.concurrent('presence', () => {
  test('an agent that receives is online, with its host and version', async () => {
    const seen = await eventually('it is online', async () => {
      const { deployments } = (await api('GET', '/v1/deployments')) as { deployments: Record<string, unknown>[] }
      return deployments.find(({ name, online }) => name === 'acme-corp' && online === true)
    })
    const time = expect.stringMatching(/^\d{4}-.*Z$/) as string
    expect(seen).toMatchObject({
      name: 'acme-corp',
      lastSeenAt: time,
      agents: [{ host: hostname(), version, online: true, lastSeenAt: time }],
    })
    expect(await api('GET', '/v1/deployments/acme-corp')).toMatchObject({ name: 'acme-corp', online: true })
  })

  test('one that is gone is not, within seconds; one that never was has not been seen', async () => {
    const { id, agentToken } = (await api('POST', '/v1/deployments', { name: 'passing' })) as Record<string, string>
    expect(await api('GET', '/v1/deployments/passing')).toMatchObject({ online: false, agents: [] })
    await callApi(stack.state, agentToken, 'POST', '/v1/agent/session', {
      commands: [{ name: 'anything', policy: {} }],
    })
    const agent = new RawAgent(stack.state.url, agentToken)
    const request = encoded('PollActivityTaskQueue', {
      namespace: 'default',
      taskQueue: { name: `deployment-${id ?? ''}`, kind: 1 },
      workerInstanceKey: 'worker',
    })
    const poll = agent.send(`/${WORKFLOW_SERVICE}/PollActivityTaskQueue`, request, 60_000)
    const ended = refusalOf(poll.answer)
    const online = (wanted: boolean) => async () => {
      const deployment = await api('GET', '/v1/deployments/passing')
      return deployment['online'] === wanted ? deployment : undefined
    }
    await eventually('it is online', online(true))
    poll.cancel()
    await ended
    const gone = await eventually('it is offline', online(false))
    expect(gone['agents']).toMatchObject([{ online: false }])
    agent.close()
    const { lastSeenAt } = gone
    expect(await errorOf(stack.client('passing').invoke('anything', {}, { failFast: true }))).toMatchObject({
      code: 'deployment_offline',
      message: `no agent of "passing" is online; the last was seen at ${String(lastSeenAt)}; nothing was started`,
      details: { lastSeenAt },
    })
  })

  test('one that has all the work it can take, and so does not poll, is online by what it says of its work', async () => {
    const { id, agentToken } = (await api('POST', '/v1/deployments', { name: 'busy' })) as Record<string, string>
    const agent = new RawAgent(stack.state.url, agentToken)
    const handle = await stack.client('busy').start('work', {})
    await callApi(stack.state, agentToken, 'POST', '/v1/agent/session', { commands: [{ name: 'work', policy: {} }] })
    const { taskToken } = await agent.call('PollActivityTaskQueue', {
      namespace: 'default',
      taskQueue: { name: `deployment-${id ?? ''}`, kind: 1 },
      workerInstanceKey: 'worker',
    })
    const polledAtMs = performance.now()
    const online = async () => (await api('GET', '/v1/deployments/busy'))['online']
    // Twice as long as it is believed to be there after a poll.
    while (performance.now() - polledAtMs < 10_000) {
      await agent.call('RecordActivityTaskHeartbeat', { namespace: 'default', taskToken })
      expect(await online()).toBe(true)
      await delay(500)
    }
    const second = await stack.client('busy').start('work', {})
    const beside = { for: 'free_agent', since: expect.any(String) as string }
    const waiting = await eventually('the second waits for it', async () => {
      await agent.call('RecordActivityTaskHeartbeat', { namespace: 'default', taskToken })
      const found = (await second.describe()).waiting
      return found?.for === 'free_agent' ? found : undefined
    })
    expect(waiting).toEqual({ ...beside, message: '1 agent is online, and may be busy' })
    // A list is of Temporal's visibility, which follows.
    const listed = await eventually('both are counted', async () => {
      await agent.call('RecordActivityTaskHeartbeat', { namespace: 'default', taskToken })
      const { invocations } = await api('GET', '/v1/invocations?deployment=busy&status=queued')
      const found = (invocations as { id: string; waiting: Waiting }[]).find((one) => one.id === second.id)
      return found?.waiting.message.includes('2 are') === true ? found.waiting : undefined
    })
    expect(listed).toEqual({ ...beside, message: '1 agent is online, and may be busy: 2 are running or queued there' })
    expect(await second.cancel()).toBe('not_started')
    expect(await handle.cancel()).toBe('unknown')
    agent.close()
  })
})
