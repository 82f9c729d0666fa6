/** A control plane that is told to stop while an agent reports what ran. */
import { startControlPlane } from '@alienplatform/sdk/server'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { EventEmitter, once } from 'node:events'
import pino from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { NO_METRICS } from '../observability/metrics.js'
import { NO_TELEMETRY } from '../observability/telemetry.js'
import { plainTemporal } from '../temporal/settings.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { RawAgent } from './support/raw-agent.js'
import { TcpProxy } from './support/tcp-proxy.js'

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: [] })
})

afterAll(() => stack.close())

/** Beside that of the stack, with a link of its own to Temporal, and an event for each call that an agent makes. */
async function startBeside() {
  const temporal = await TcpProxy.before(`http://${stack.state.temporalAddress}`)
  onTestFinished(() => temporal[Symbol.asyncDispose]())
  const calls = new EventEmitter()
  const gatewayCalls = { add: (_count: number, { method }: { method: string }) => void calls.emit(method) }
  const controlPlane = await startControlPlane({
    host: '127.0.0.1',
    port: 0,
    registry: { file: stack.registryFile },
    temporal: plainTemporal(new URL(temporal.url).host, 'default'),
    vendorWorker: false,
    telemetry: { ...NO_TELEMETRY, metrics: { ...NO_METRICS, gatewayCalls } },
    log: pino({ level: 'silent' }),
  })
  onTestFinished(() => controlPlane.close())
  return { controlPlane, temporal, calls }
}

const admin = (method: string, path: string, body?: unknown) =>
  callApi(stack.state, stack.state.token, method, path, body)

async function newDeployment(name: string): Promise<{ id: string; agentToken: string }> {
  const { body } = await admin('POST', '/v1/deployments', { name })
  await callApi(stack.state, body.agentToken, 'POST', '/v1/agent/session', {
    commands: [{ name: 'by-hand', policy: {} }],
  })
  return body
}

/** Starts an invocation and takes it. */
async function taken(agent: RawAgent, deployment: string): Promise<{ id: string; taskToken: Buffer }> {
  const { body } = await admin('POST', '/v1/invocations', { deployment, command: 'by-hand' })
  const taskQueue = { name: `deployment-${deployment}`, kind: 1 }
  const { taskToken } = await agent.call('PollActivityTaskQueue', { namespace: 'default', taskQueue }, 20_000)
  return { id: body.id, taskToken: taskToken as Buffer }
}

test('a result that is on its way to Temporal gets there and is answered, and the drain ends with it', async () => {
  const { controlPlane, temporal, calls } = await startBeside()
  const { id: deployment, agentToken } = await newDeployment('drained')
  const agent = new RawAgent(controlPlane.url, agentToken)
  onTestFinished(() => agent.close())
  const { id, taskToken } = await taken(agent, deployment)

  temporal.cut('hang-up')
  const result = { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('3') }] }
  const takenUp = once(calls, 'RespondActivityTaskCompleted')
  const reported = agent.refusal('RespondActivityTaskCompleted', { namespace: 'default', taskToken, result })
  await takenUp
  let isClosed = false
  const closed = controlPlane.close().then(() => (isClosed = true))
  const nobodyListens = () =>
    fetch(controlPlane.url).then(
      () => undefined,
      () => true as const,
    )
  await eventually('nobody new is let in', nobodyListens)
  expect((await admin('GET', `/v1/invocations/${id}`)).body).toMatchObject({ status: 'running' })
  expect(isClosed).toBe(false)

  const releasedMs = performance.now()
  temporal.restore()
  expect(await reported).toBe('let through')
  await closed
  // Half of what calls under way are given.
  expect(performance.now() - releasedMs).toBeLessThan(5_000)
  expect((await admin('GET', `/v1/invocations/${id}?wait=10s`)).body).toMatchObject({ status: 'succeeded', result: 3 })
})
