/** What a server and an agent tell Prometheus, after calls of which is known what they come to. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer, type DevServer } from '../temporal/dev-server.js'
import { AgentProcess } from './support/agent-process.js'
import { AlienProcess } from './support/alien-process.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { errorOf } from './support/outcome.js'
import { RawAgent } from './support/raw-agent.js'

const apiKey = `key_${randomBytes(32).toString('base64url')}`
let folder: string
let temporal: DevServer
let server: AlienProcess
let agent: AgentProcess
let client: CommandsClient
let url: string

/** A field of the first log line that has it. */
const logged = (process: AlienProcess, field: string): Promise<string> =>
  eventually(`${field} is logged`, () => new RegExp(`"${field}":"([^"]+)"`).exec(process.stderr)?.[1], 60_000)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-metrics-'))
  const { path } = await resolveTemporalBinary()
  temporal = await startDevServer({ binaryPath: path })
  server = new AlienProcess(['server', '--port', '0', '--metrics-port', '0'], {
    TEMPORAL_ADDRESS: temporal.address,
    ALIEN_STATE_DIR: folder,
    ALIEN_API_KEY: apiKey,
  })
  url = await logged(server, 'url')
  const { body } = await callApi({ url }, apiKey, 'POST', '/v1/deployments', { name: 'acme-corp' })
  agent = new AgentProcess({
    url,
    token: body.agentToken,
    stateDir: join(folder, 'agent'),
    handlers: 'tests/fixtures/handlers.ts',
    args: ['--metrics-port', '0'],
  })
  client = new CommandsClient({ deploymentId: 'acme-corp', token: apiKey, url })
  await client.invoke('echo', { value: 'warm' })
})

afterAll(async () => {
  await agent.stop()
  await server.stop()
  await temporal.stop()
  await rm(folder, { recursive: true, force: true })
})

/** By series, labels included. */
async function metricsOf(process: AlienProcess): Promise<Map<string, number>> {
  const text = await (await fetch(await logged(process, 'metrics'))).text()
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )
}

test('the server counts calls, outcomes, time, agents and denials', async () => {
  for (let call = 0; call < 3; call += 1) await client.invoke('echo', { value: call })
  await errorOf(client.invoke('fail'))
  const open = await client.start('until-stopped', { file: join(folder, 'open') })
  await eventually('it runs', async () => ((await open.status()) === 'running' ? true : undefined))
  const stranger = new RawAgent(url, 'agt_nobody')
  await stranger.refusal('GetSystemInfo', {})
  stranger.close()

  const metrics = await metricsOf(server)
  expect(Object.fromEntries(metrics)).toMatchObject({
    'alien_invocations_started_total{command="echo"}': 4,
    'alien_invocations_ended_total{command="echo",outcome="succeeded",transport="pull"}': 4,
    'alien_invocations_ended_total{command="fail",outcome="command_failed",transport="pull"}': 1,
    'alien_invocation_duration_seconds_count{command="echo"}': 4,
    'alien_attempt_queue_seconds_count{command="echo"}': 4,
    'alien_attempt_queue_seconds_count{command="until-stopped"}': 1,
    'alien_attempt_duration_seconds_count{command="echo",end="completed"}': 4,
    'alien_attempt_duration_seconds_count{command="fail",end="failed"}': 1,
    'alien_http_request_duration_seconds_count{method="POST",route="/v1/deployments",status="201"}': 1,
    'alien_gateway_refusals_total{method="GetSystemInfo",code="UNAUTHENTICATED"}': 1,
    alien_agents_online: 1,
    alien_gateway_polls: 2,
    'alien_deployments{state="online"}': 1,
    'alien_deployments{state="offline"}': 0,
    'alien_dependency_up{dependency="temporal"}': 1,
    'alien_dependency_up{dependency="registry"}': 1,
    alien_audit_failures_total: 0,
  })
  expect(metrics.get('alien_invocation_duration_seconds_sum{command="echo"}')).toBeLessThan(60)
  expect(metrics.get('process_resident_memory_bytes')).toBeGreaterThan(50e6)
  // Kept for 10 s; it was asked before there was one.
  await eventually('the open one is counted', async () => {
    return (await metricsOf(server)).get('alien_invocations_open') === 1 ? true : undefined
  })
  await open.cancel()
})

test("what Temporal's core counts comes by the same port", async () => {
  await eventually('it has counted', async () => {
    const names = new Set([...(await metricsOf(server)).keys()].map((series) => series.replace(/\{.*/, '')))
    return names.has('temporal_workflow_completed_total') &&
      names.has('temporal_workflow_task_schedule_to_start_latency_bucket')
      ? true
      : undefined
  })
})

test('an agent tells what it ran', async () => {
  const metrics = await metricsOf(agent)
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
  expect(Object.fromEntries(metrics)).toMatchObject({
    'alien_agent_run_duration_seconds_count{command="echo",outcome="succeeded"}': 4,
    'alien_agent_run_duration_seconds_count{command="fail",outcome="command_failed"}': 1,
    [`alien_build_info{version="${version}"}`]: 1,
  })
})

// The last one: it takes invocations from the server's own worker.
test('a vendor worker tells of itself, and each process logs more while an operator wants it to', async () => {
  await using worker = new AlienProcess(['worker', '--metrics-port', '0'], { TEMPORAL_ADDRESS: temporal.address })
  await eventually('Temporal has its polls', async () => {
    const polls = [...(await metricsOf(worker))].filter(([series]) => series.startsWith('temporal_num_pollers'))
    return polls.some(([, count]) => count > 0) ? true : undefined
  })
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
  expect((await metricsOf(worker)).get(`alien_build_info{version="${version}"}`)).toBe(1)
  for (const process of [server, worker]) {
    for (const level of ['debug', 'info']) {
      process.signal('SIGUSR2')
      await eventually(`it logs at ${level}`, () => process.stderr.includes(`"level":"${level}"`) || undefined)
    }
  }
})
