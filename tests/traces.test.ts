/** One trace from the caller to the handler, as a collector of OpenTelemetry gets it. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { context, propagation, trace, TraceFlags } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer, type DevServer } from '../temporal/dev-server.js'
import { AgentProcess } from './support/agent-process.js'
import { AlienProcess } from './support/alien-process.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { OtlpReceiver, type ReceivedSpan } from './support/otlp-receiver.js'
import { errorOf } from './support/outcome.js'

const apiKey = `key_${randomBytes(32).toString('base64url')}`
let folder: string
let collector: OtlpReceiver
let temporal: DevServer
let server: AlienProcess
let agent: AgentProcess
let client: CommandsClient

beforeAll(async () => {
  // The caller's own OpenTelemetry.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  folder = await mkdtemp(join(tmpdir(), 'alien-traces-'))
  collector = await OtlpReceiver.start()
  const { path } = await resolveTemporalBinary()
  temporal = await startDevServer({ binaryPath: path })
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_METRIC_EXPORT_INTERVAL: '500' }
  server = new AlienProcess(['server', '--port', '0'], {
    ...otlp,
    TEMPORAL_ADDRESS: temporal.address,
    ALIEN_STATE_DIR: folder,
    ALIEN_API_KEY: apiKey,
  })
  const url = await eventually('it is ready', () => /"url":"([^"]+)"/.exec(server.stderr)?.[1], 60_000)
  const { body } = await callApi({ url }, apiKey, 'POST', '/v1/deployments', { name: 'acme-corp' })
  agent = new AgentProcess({
    url,
    token: body.agentToken,
    stateDir: join(folder, 'agent'),
    handlers: 'tests/fixtures/traced-handlers.ts',
    env: otlp,
  })
  client = new CommandsClient({ deploymentId: 'acme-corp', token: apiKey, url })
})

afterAll(async () => {
  context.disable()
  propagation.disable()
  await agent.stop()
  await server.stop()
  await temporal.stop()
  await collector[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** As from within a span of the caller's. */
function withinTrace<T>(
  work: () => Promise<T>,
  traceFlags = TraceFlags.SAMPLED,
): Promise<{ traceId: string; spanId: string; value: T }> {
  const caller = {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    traceFlags,
  }
  return context.with(trace.setSpanContext(context.active(), caller), async () => ({ ...caller, value: await work() }))
}

const spansOf = (traceId: string, names: readonly string[]): Promise<ReceivedSpan[]> =>
  eventually(`${names.join(', ')} are told`, () => {
    const spans = collector.spans.filter((span) => span.traceId === traceId)
    return names.every((name) => spans.some((span) => span.name === name)) ? spans : undefined
  })

test('a call is one trace: caller, control plane, vendor worker, agent, and what its handler does', async () => {
  const { traceId, spanId, value } = await withinTrace(() => client.invoke('traced', { value: 'hunter2' }))
  expect(value).toBe('hunter2')
  const names = ['POST /v1/invocations', 'invocation traced', 'run traced', 'query']
  const spans = await spansOf(traceId, names)
  expect(spans.map(({ name }) => name).sort()).toStrictEqual([...names].sort())
  const [api, invocation, run, query] = names.map((name) => spans.find((span) => span.name === name))
  expect(api).toMatchObject({ service: 'alien-server', kind: 'SERVER', parentId: spanId, isError: false })
  expect(api?.attributes).toMatchObject({ 'http.route': '/v1/invocations', 'http.response.status_code': '200' })
  expect(invocation).toMatchObject({ service: 'alien-server', kind: 'INTERNAL', parentId: api?.spanId })
  expect(invocation?.attributes).toMatchObject({
    'alien.command': 'traced',
    'alien.deployment': 'acme-corp',
    'alien.attempts': '1',
    'alien.outcome': 'succeeded',
  })
  expect(run).toMatchObject({ service: 'alien-agent', kind: 'CONSUMER', parentId: api?.spanId })
  expect(run?.attributes['alien.invocation.id']).toBe(invocation?.attributes['alien.invocation.id'])
  expect(query).toMatchObject({ service: 'alien-agent', parentId: run?.spanId })
  expect(server.stderr).toContain(`"traceId":"${traceId}"`)
  expect(JSON.stringify(spans)).not.toContain('hunter2')
})

test('one that fails is marked, without what its handler said', async () => {
  const { traceId } = await withinTrace(() => errorOf(client.invoke('traced-and-fails')))
  const spans = await spansOf(traceId, ['invocation traced-and-fails', 'run traced-and-fails'])
  expect(
    spans
      .filter(({ isError }) => isError)
      .map(({ name }) => name)
      .sort(),
  ).toStrictEqual(['invocation traced-and-fails', 'run traced-and-fails'])
  expect(spans.find(({ name }) => name.startsWith('invocation'))?.attributes['alien.outcome']).toBe('command_failed')
  expect(JSON.stringify(spans)).not.toContain('hunter2')
})

test('what its caller does not sample nobody tells', async () => {
  const quiet = await withinTrace(() => client.invoke('traced', { value: 1 }), TraceFlags.NONE)
  const { traceId } = await withinTrace(() => client.invoke('traced', { value: 2 }))
  // Each process tells in order.
  await spansOf(traceId, ['POST /v1/invocations', 'invocation traced', 'run traced'])
  expect(collector.spans.filter((span) => span.traceId === quiet.traceId)).toStrictEqual([])
})

test('metrics go to the collector as well', async () => {
  await eventually('they are told', () =>
    [
      'alien-server alien_invocations_ended_total',
      'alien-server temporal_request',
      'alien-agent alien_agent_runs',
    ].every((name) => collector.metrics.has(name))
      ? true
      : undefined,
  )
})
