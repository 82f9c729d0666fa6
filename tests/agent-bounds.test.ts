/** What one token may make a control plane do. */
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { ControlPlane, ControlPlaneOptions } from '@alienplatform/sdk/server'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { TaskTokenSeal } from '../gateway/task-token.js'
import { wireField } from '../gateway/wire.js'
import { invocationId as idOf } from '../protocol/names.js'
import { controlPlaneOfTest } from './support/control-plane.js'
import { callApi } from './support/http.js'

const TOKEN = 'a'.repeat(32)

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: [] })
})

afterAll(() => stack.close())

/** Calls are not limited, so that only what they do is. */
const start = (options: Partial<ControlPlaneOptions> = {}): Promise<ControlPlane> =>
  controlPlaneOfTest(stack.state.temporalAddress, TOKEN, { callsPerSecond: 0, ...options })

const newAgent = async (controlPlane: ControlPlane, name: string): Promise<string> =>
  String((await callApi(controlPlane, TOKEN, 'POST', '/v1/deployments', { name })).body.agentToken)

test('commands that are published in turns are taken 500 times, and then once in 5 s, of that deployment alone', async () => {
  const controlPlane = await start()
  const [agent, other] = [await newAgent(controlPlane, 'acme'), await newAgent(controlPlane, 'globex')]
  const publish = (agentToken: string, name: string) =>
    callApi(controlPlane, agentToken, 'POST', '/v1/agent/session', { commands: [{ name, policy: {} }] })
  for (let change = 0; change < 500; change += 1) {
    expect((await publish(agent, change % 2 === 0 ? 'a' : 'b')).status).toBe(200)
    // Says nothing new, which is no change.
    if (change % 50 === 0) expect((await publish(agent, 'a')).status).toBe(200)
  }
  let refused = await publish(agent, 'a')
  // Some seconds went by, each of which has room for a fifth of a change.
  for (let change = 1; refused.status === 200; change += 1) refused = await publish(agent, change % 2 === 0 ? 'a' : 'b')
  expect(refused.status).toBe(429)
  expect(refused.body.error).toMatchObject({
    code: 'rate_limited',
    message: expect.stringMatching(
      /^the agents of this deployment publish other commands, in turns, more often than every 5 s; try again in \d+ ms, or give all of them the same handlers$/,
    ) as string,
  })
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await publish(other, 'a')).status).toBe(200)
}, 60_000)

test('what is denied again and again is recorded once an hour, of each token', async () => {
  const controlPlane = await start()
  const [agent, other] = [await newAgent(controlPlane, 'acme'), await newAgent(controlPlane, 'globex')]
  const event = { type: 'log', at: '2030-01-01T00:00:00.000Z', level: 'info', message: 'forged' }
  const forged = { taskToken: Buffer.from('never sealed').toString('base64'), first: 1, events: [event] }
  const forge = (agentToken: string) =>
    callApi(controlPlane, agentToken, 'POST', '/v1/agent/events', { batches: [forged] })
  for (const agentToken of [agent, agent, other, agent]) expect((await forge(agentToken)).status).toBe(403)
  const { body } = await callApi(controlPlane, TOKEN, 'GET', '/v1/audit?outcome=denied')
  const records = body.records as { action: string; actor: { deploymentId: string } }[]
  expect(records.map(({ action }) => action)).toEqual(['agent.events', 'agent.events'])
  expect(new Set(records.map(({ actor }) => actor.deploymentId)).size).toBe(2)
})

test('heartbeats over HTTP count as calls at the gateway do, one for each attempt', async () => {
  const key = randomBytes(32)
  const controlPlane = await start({ sealingKeys: [key], agentCallsPerSecond: 1 })
  const { body: deployment } = await callApi(controlPlane, TOKEN, 'POST', '/v1/deployments', { name: 'acme' })
  const invocationId = idOf('report', randomUUID())
  const taskToken = (attempt: number): string => {
    const task = Buffer.concat([wireField(2, invocationId), wireField(6, `attempt-${attempt}`)])
    const sealed = new TaskTokenSeal([key]).seal(task, String(deployment.id), Date.now() + 60_000)
    return sealed.toString('base64')
  }
  const beat = (...attempts: number[]) =>
    callApi(controlPlane, String(deployment.agentToken), 'POST', '/v1/agent/heartbeats', {
      attempts: attempts.map((attempt) => ({ taskToken: taskToken(attempt) })),
    })
  expect(await beat(1, 1, 2)).toMatchObject({ status: 200, body: { attempts: Array(3).fill({ final: true }) } })
  const refused = await beat(3, 4)
  expect({ status: refused.status, error: refused.body.error as unknown }).toEqual({
    status: 429,
    error: expect.objectContaining({
      code: 'rate_limited',
      message: expect.stringMatching(/^this token makes more than 1 calls a second; try again in \d+ ms/) as string,
    }) as unknown,
  })
})

test('a body that stops coming has its connection closed after half a minute', async () => {
  const { url } = await start()
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  const startMs = performance.now()
  socket.write(
    `POST /v1/deployments HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${TOKEN}\r\n` +
      'content-type: application/json\r\ncontent-length: 100\r\n\r\n{"name":',
  )
  socket.resume()
  await once(socket, 'close')
  expect(performance.now() - startMs).toBeGreaterThan(25_000)
}, 60_000)
