/** How many polls a control plane was told that agents may hold: agents hear it, and are held to it. */
import { status } from '@grpc/grpc-js'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { MAX_PAYLOAD_BYTES } from '../protocol/limits.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer, type DevServer } from '../temporal/dev-server.js'
import { AlienProcess } from './support/alien-process.js'
import { eventually } from './support/eventually.js'
import { controlPlaneOfTest } from './support/control-plane.js'
import { callApi } from './support/http.js'
import { RawAgent } from './support/raw-agent.js'

const apiKey = `key_${randomBytes(32).toString('base64url')}`
let temporal: DevServer

beforeAll(async () => {
  const { path } = await resolveTemporalBinary()
  temporal = await startDevServer({ binaryPath: path })
})

afterAll(() => temporal.stop())

/** @returns its URL */
async function startWithOptions(): Promise<string> {
  const pollLimits = { perAgent: 1, perDeployment: 2 }
  const controlPlane = await controlPlaneOfTest(temporal.address, apiKey, { pollLimits })
  return controlPlane.url
}

/** @returns its URL */
async function startWithFlags(): Promise<string> {
  const server = new AlienProcess(
    ['server', '--no-worker', '--port', '0', '--polls-per-agent', '1', '--polls-per-deployment', '2'],
    { TEMPORAL_ADDRESS: temporal.address, ALIEN_STATE_DIR: await scratchDirectory(), ALIEN_API_KEY: apiKey },
  )
  onTestFinished(() => server[Symbol.asyncDispose]())
  return eventually('it is ready', () => /"url":"([^"]+)"/.exec(server.stderr)?.[1], 60_000)
}

test.each([
  ['pollLimits', startWithOptions],
  ['--polls-per-agent and --polls-per-deployment', startWithFlags],
])('%s: an agent is told its limit, and refused over it and over that of its deployment', async (_how, start) => {
  const url = await start()
  const admin = (method: string, path: string, body?: unknown) => callApi({ url }, apiKey, method, path, body)
  const { body: deployment } = await admin('POST', '/v1/deployments', { name: 'acme-corp' })
  const session = await callApi({ url }, deployment.agentToken, 'POST', '/v1/agent/session', { commands: [] })
  expect(session.body.limits).toStrictEqual({ polls: 1, maxResultBytes: MAX_PAYLOAD_BYTES })

  const agents = new RawAgent(url, deployment.agentToken)
  onTestFinished(() => agents.close())
  const poll = (workerInstanceKey: string) => {
    const taskQueue = { name: `deployment-${deployment.id}`, kind: 1 }
    return agents.refusal('PollActivityTaskQueue', { namespace: 'default', taskQueue, workerInstanceKey }, 60_000)
  }
  const held = (count: number) =>
    eventually(`polls of ${count} agents are held`, async () => {
      const { body } = await admin('GET', '/v1/deployments/acme-corp')
      return body.agents.length === count ? true : undefined
    })
  const refused = (details: string) => ({ code: status.RESOURCE_EXHAUSTED, details })
  void poll('first')
  await held(1)
  expect(await poll('first')).toStrictEqual(refused('this agent may hold 1 polls at once'))
  void poll('second')
  await held(2)
  expect(await poll('third')).toStrictEqual(refused('the agents of this deployment may hold 2 polls at once'))
})
