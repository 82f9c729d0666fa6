/** What the processes log: a line for each invocation, whoever ran it, and nothing of what is the caller's. */
import { startControlPlane, type ControlPlane } from '@alienplatform/sdk/server'
import { CommandsClient } from '@alienplatform/sdk/commands'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer, type DevServer } from '../temporal/dev-server.js'
import { plainTemporal } from '../temporal/settings.js'
import { AgentProcess } from './support/agent-process.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { errorOf } from './support/outcome.js'

const API_KEY = 'a'.repeat(32)

interface Line {
  readonly msg: string
  readonly invocationId: string
  readonly [field: string]: unknown
}

let folder: string
let temporal: DevServer
/** Two control planes, each with a vendor worker: which of them has an invocation is for Temporal to say. */
let planes: ControlPlane[]
const logs: Line[][] = [[], []]
let deploymentId: string
let agent: AgentProcess

const start = (log: Line[]): Promise<ControlPlane> =>
  startControlPlane({
    host: '127.0.0.1',
    port: 0,
    registry: { file: join(folder, 'registry.db') },
    apiKey: { name: 'operator', token: API_KEY },
    temporal: plainTemporal(temporal.address, 'default'),
    vendorWorker: true,
    callsPerSecond: 0,
    log: pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line) as Line) }),
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-logs-'))
  const { path } = await resolveTemporalBinary()
  temporal = await startDevServer({ binaryPath: path })
  // One after the other: the first makes the registry.
  planes = []
  for (const log of logs) planes.push(await start(log))
  const [{ url }] = planes as [ControlPlane]
  const { body } = await callApi({ url }, API_KEY, 'POST', '/v1/deployments', { name: 'acme-corp' })
  deploymentId = body.id
  agent = new AgentProcess({
    url,
    token: body.agentToken,
    stateDir: join(folder, 'agent'),
    handlers: 'tests/fixtures/handlers.ts',
  })
  await client(0).invoke('echo', { value: 'warm' })
})

afterAll(async () => {
  await agent.stop()
  await Promise.all(planes.map((plane) => plane.close()))
  await temporal.stop()
  await rm(folder, { recursive: true, force: true })
})

const client = (of: number): CommandsClient =>
  new CommandsClient({ deploymentId: 'acme-corp', token: API_KEY, url: planes[of]?.url ?? '' })

const endings = (): Line[] => logs.flat().filter(({ msg }) => msg === 'invocation ended')

const endingsOf = (id: string): Promise<Line[]> =>
  eventually('the line is there', () => {
    const found = endings().filter(({ invocationId }) => invocationId === id)
    return found.length > 0 ? found : undefined
  })

test('each invocation is a line of one of the replicas, with ids, outcome and time', async () => {
  const handles = await Promise.all(
    Array.from({ length: 40 }, (_, index) => client(index % 2).start('echo', { value: 'hunter2' })),
  )
  await Promise.all(handles.map((handle) => handle.result()))
  for (const { id } of handles) {
    const [line, ...more] = await endingsOf(id)
    expect(more).toStrictEqual([])
    expect(line).toMatchObject({
      level: 30,
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      deployment: 'acme-corp',
      deploymentId,
      command: 'echo',
      transport: 'pull',
      attempts: 1,
      outcome: 'succeeded',
      durationMs: expect.any(Number) as number,
      queuedMs: expect.any(Number) as number,
      runMs: expect.any(Number) as number,
    })
  }
  expect(new Set(endings().map(({ invocationId }) => invocationId)).size).toBe(endings().length)
  expect(JSON.stringify(logs)).not.toContain('hunter2')
})

test('one that failed says with which code, after how many attempts, and not what its handler threw', async () => {
  const retry = { maxAttempts: 2, initialInterval: 10 }
  const handle = await client(0).start('fail', {}, { retry })
  await errorOf(handle.result())
  const lines = await endingsOf(handle.id)
  expect(lines).toMatchObject([
    { level: 30, outcome: 'command_failed', attempts: 2, runMs: expect.any(Number) as number },
  ])
  expect(JSON.stringify(lines)).not.toContain('no such table')
})

test('of its time is said what it waited for an agent, and what the agent had it', async () => {
  const plane = { url: planes[0]?.url ?? '' }
  const { body } = await callApi(plane, API_KEY, 'POST', '/v1/deployments', { name: 'late-corp' })
  const late = new CommandsClient({ deploymentId: 'late-corp', token: API_KEY, ...plane })
  const handle = await late.start('sleep', { ms: 300 })
  // Nobody takes it before this one is up.
  const lateAgent = new AgentProcess({
    ...plane,
    token: body.agentToken,
    stateDir: join(folder, 'late-agent'),
    handlers: 'tests/fixtures/handlers.ts',
  })
  onTestFinished(() => lateAgent.stop().then(() => undefined))
  await handle.result()
  const [{ queuedMs, runMs, durationMs } = {}] = (await endingsOf(handle.id)) as Partial<Record<string, number>>[]
  expect(queuedMs).toBeGreaterThan(100)
  expect(runMs).toBeGreaterThanOrEqual(295)
  // Each is rounded.
  expect((queuedMs ?? 0) + (runMs ?? 0)).toBeLessThanOrEqual((durationMs ?? 0) + 10)
})

test('one that no agent took has waited all of its time', async () => {
  const plane = { url: planes[0]?.url ?? '' }
  await callApi(plane, API_KEY, 'POST', '/v1/deployments', { name: 'nobody-corp' })
  const nobody = new CommandsClient({ deploymentId: 'nobody-corp', token: API_KEY, ...plane })
  const handle = await nobody.start('echo', {}, { queueTimeoutMs: 200 })
  await errorOf(handle.result())
  const [line] = await endingsOf(handle.id)
  expect(line).toMatchObject({ outcome: 'deployment_offline', queuedMs: expect.any(Number) as number, runMs: 0 })
  expect(line?.['queuedMs']).toBeGreaterThanOrEqual(200)
})

test('SIGUSR2 has a running agent log everything, and again nothing but what it did', async () => {
  const told = (level: string) =>
    eventually(`it logs at ${level}`, () => (agent.stderr.includes(`"level":"${level}"`) ? true : undefined))
  agent.signal('SIGUSR2')
  await told('debug')
  await client(0).invoke('echo', { value: 1 })
  await eventually('Temporal is heard', () => (agent.stderr.includes('"source":"temporal"') ? true : undefined))
  agent.signal('SIGUSR2')
  await told('info')
})
