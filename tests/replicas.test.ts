/** Two control planes of one registry: what one does holds at the other, within seconds and without a restart. */
import { status } from '@grpc/grpc-js'
import { startControlPlane, type ControlPlane } from '@alienplatform/sdk/server'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { plainTemporal } from '../temporal/settings.js'
import { alien } from './support/cli.js'
import { eventually } from './support/eventually.js'
import { callApi, type Answer } from './support/http.js'
import { RawAgent } from './support/raw-agent.js'

const API_KEY = 'a'.repeat(32)

let stack: TestStack
let folder: string
let first: ControlPlane
let second: ControlPlane

const start = (options: object = {}): Promise<ControlPlane> =>
  startControlPlane({
    host: '127.0.0.1',
    port: 0,
    registry: { file: join(folder, 'registry.db') },
    apiKey: { name: 'operator', token: API_KEY },
    temporal: plainTemporal(stack.state.temporalAddress, 'default'),
    vendorWorker: false,
    callsPerSecond: 0,
    log: pino({ level: 'silent' }),
    ...options,
  })

beforeAll(async () => {
  // For its Temporal, and its vendor worker.
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: [] })
  folder = await mkdtemp(join(tmpdir(), 'alien-replicas-'))
  first = await start()
  second = await start()
})

afterAll(async () => {
  await Promise.all([first.close(), second.close()])
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

const admin = (at: ControlPlane, method: string, path: string, body?: unknown): Promise<Answer> =>
  callApi(at, API_KEY, method, path, body)

function agentAt({ url }: ControlPlane, token: string): RawAgent {
  const agent = new RawAgent(url, token)
  onTestFinished(() => agent.close())
  return agent
}

/** A deployment whose work is taken by hand. */
async function newDeployment(name: string): Promise<{ id: string; agentToken: string; agentTokenId: string }> {
  const { body } = await admin(first, 'POST', '/v1/deployments', { name })
  await callApi(first, body.agentToken, 'POST', '/v1/agent/session', { commands: [{ name: 'by-hand', policy: {} }] })
  return body
}

const pollRequest = (deploymentId: string) => ({
  namespace: 'default',
  taskQueue: { name: `deployment-${deploymentId}`, kind: 1 },
})

async function taken(agent: RawAgent, deployment: string): Promise<{ id: string; taskToken: Buffer }> {
  const { body } = await admin(first, 'POST', '/v1/invocations', { deployment, command: 'by-hand' })
  const { taskToken } = await agent.call('PollActivityTaskQueue', pollRequest(deployment), 20_000)
  return { id: body.id, taskToken: taskToken as Buffer }
}

const heartbeat = (agent: RawAgent, taskToken: Buffer) =>
  agent.refusal('RecordActivityTaskHeartbeat', { namespace: 'default', taskToken })

/** As it is in a task token, after the version. */
const keyIdOf = (taskToken: Buffer): string => taskToken.subarray(1, 5).toString('hex')

test('a rotated sealing key seals at both soon, and what the old one sealed is taken by both', async () => {
  const { id, agentToken } = await newDeployment('sealed')
  const [here, there] = [agentAt(first, agentToken), agentAt(second, agentToken)]
  const before = await taken(here, id)
  const alive = setInterval(() => void heartbeat(there, before.taskToken), 1_000)
  onTestFinished(() => clearInterval(alive))
  const env = { ALIEN_URL: first.url, ALIEN_TOKEN: API_KEY }
  const { stdout } = await alien(['tokens', 'rotate-sealing-key', '--json'], { cwd: tmpdir(), env })
  const { sealsFrom, olderOpenUntil } = JSON.parse(stdout) as { sealsFrom: string; olderOpenUntil: string }
  expect(Date.parse(olderOpenUntil) - Date.parse(sealsFrom)).toBe(86_400_000)
  for (const agent of [there, here]) {
    const after = await eventually(
      'the new key seals',
      async () => {
        const task = await taken(agent, id)
        if (keyIdOf(task.taskToken) !== keyIdOf(before.taskToken)) return task
        await agent.call('RespondActivityTaskCompleted', { namespace: 'default', taskToken: task.taskToken })
        return undefined
      },
      25_000,
    )
    for (const other of [here, there]) expect(await heartbeat(other, after.taskToken)).toBe('let through')
  }
  for (const agent of [here, there]) expect(await heartbeat(agent, before.taskToken)).toBe('let through')
})

test('keys that were given are not the registry’s to rotate', async () => {
  const given = await start({ sealingKeys: [Buffer.alloc(32, 1)] })
  onTestFinished(() => given.close())
  expect(await admin(given, 'POST', '/v1/sealing-keys/rotate')).toMatchObject({
    status: 409,
    body: {
      error: {
        code: 'conflict',
        message:
          'this control plane seals with the keys that it was given, not with those of the registry; put a new one in front of ALIEN_SEALING_KEYS instead',
      },
    },
  })
})

const REVOKED_WITHIN_MS = 5_000

test('a token revoked at one ends its poll and its calls at the other within 5 s', async () => {
  const { id, agentToken } = await newDeployment('revoked')
  const agent = agentAt(second, agentToken)
  await agent.call('GetSystemInfo', {})
  const polled = agent.refusal('PollActivityTaskQueue', pollRequest(id), 60_000)
  await eventually('the poll is held', async () => {
    const { body } = await admin(first, 'GET', '/v1/deployments/revoked')
    return body.online === true ? true : undefined
  })
  const revokedMs = performance.now()
  await admin(first, 'DELETE', '/v1/deployments/revoked')
  const refused = { code: status.UNAUTHENTICATED, details: 'the agent token is not valid' }
  await eventually('its calls are refused', async () =>
    (await agent.refusal('GetSystemInfo', {})) === 'let through' ? undefined : true,
  )
  const callsMs = performance.now() - revokedMs
  expect(await polled).toStrictEqual(refused)
  const pollMs = performance.now() - revokedMs
  process.stderr.write(
    `revoked at the other control plane: calls refused after ${callsMs.toFixed(0)} ms, the poll after ${pollMs.toFixed(0)} ms\n`,
  )
  expect(await agent.refusal('GetSystemInfo', {})).toStrictEqual(refused)
  expect(Math.max(callsMs, pollMs)).toBeLessThan(REVOKED_WITHIN_MS)
})

test('an agent token revoked at one ends its poll at the other within 5 s, and no other of its deployment', async () => {
  const { id, agentToken, agentTokenId } = await newDeployment('rotated')
  const { body: other } = await admin(first, 'POST', '/v1/tokens', { kind: 'agent-token', deployment: 'rotated' })
  const poll = { ...pollRequest(id), workerInstanceKey: 'revoked' }
  const polled = agentAt(second, agentToken).refusal('PollActivityTaskQueue', poll, 60_000)
  const goesOn = agentAt(second, other.token).call('PollActivityTaskQueue', pollRequest(id), 60_000)
  await eventually('both polls are held', async () => {
    const { body } = await admin(first, 'GET', '/v1/deployments/rotated')
    return body.agents.length === 2 ? true : undefined
  })
  const revokedMs = performance.now()
  expect((await admin(first, 'DELETE', `/v1/tokens/${agentTokenId}`)).status).toBe(200)
  expect(await polled).toStrictEqual({ code: status.UNAUTHENTICATED, details: 'the agent token is not valid' })
  expect(performance.now() - revokedMs).toBeLessThan(REVOKED_WITHIN_MS)
  await admin(first, 'POST', '/v1/invocations', { deployment: id, command: 'by-hand' })
  expect((await goesOn)['taskToken']).not.toHaveLength(0)
})

test('an API key revoked at one is worth nothing at the other within 5 s', async () => {
  const { body: key } = await admin(first, 'POST', '/v1/tokens', { kind: 'api-key', name: 'ci', scopes: ['read'] })
  const call = async () => (await callApi(second, key.token, 'GET', '/v1/deployments')).status
  expect(await call()).toBe(200)
  const revokedMs = performance.now()
  await admin(first, 'DELETE', `/v1/tokens/${key.id}`)
  await eventually('it is refused', async () => ((await call()) === 401 ? true : undefined))
  expect(performance.now() - revokedMs).toBeLessThan(REVOKED_WITHIN_MS)
})
