import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { ERROR_CODES } from '../protocol/error-codes.js'
import { MAX_NAMES } from './bounded-names.js'
import { telemetrySettings } from './settings.js'
import { openTelemetry, type Telemetry } from './telemetry.js'

const TELLER = { service: 'test', version: '1.2.3', log: pino({ level: 'silent' }) }

async function opened(port = 0): Promise<Telemetry> {
  const telemetry = await openTelemetry(TELLER, telemetrySettings({}, { host: '127.0.0.1', port }))
  onTestFinished(() => telemetry.close())
  return telemetry
}

const scraped = async ({ metricsUrl = '' }: Telemetry): Promise<string[]> =>
  (await (await fetch(metricsUrl)).text()).split('\n')

test('10,000 names of commands make a bounded number of series, and none is lost', async () => {
  const telemetry = await opened()
  const { invocationsStarted, invocationSeconds } = telemetry.metrics
  for (let index = 0; index < 10_000; index += 1) {
    const command = `command-${index}`
    invocationsStarted.add(1, { command })
    invocationSeconds.record(0.02, { command })
  }
  // One that had its name keeps it.
  invocationsStarted.add(1, { command: 'command-0' })
  const lines = await scraped(telemetry)
  const started = lines.filter((line) => line.startsWith('alien_invocations_started_total{'))
  expect(started).toHaveLength(MAX_NAMES + 1)
  expect(started).toContain('alien_invocations_started_total{command="command-0"} 2')
  expect(started).toContain(`alien_invocations_started_total{command="other"} ${10_000 - MAX_NAMES}`)
  const durations = lines.filter((line) => line.startsWith('alien_invocation_duration_seconds_count{'))
  expect(durations).toHaveLength(MAX_NAMES + 1)
  expect(durations).toContain(`alien_invocation_duration_seconds_count{command="other"} ${10_000 - MAX_NAMES}`)
})

test('every outcome of every one of them is counted as what it is', async () => {
  const telemetry = await opened()
  const outcomes = Object.keys(ERROR_CODES)
  for (let index = 0; index < 1_000; index += 1) {
    for (const outcome of outcomes) {
      telemetry.metrics.invocationsEnded.add(1, { command: `command-${index}`, outcome, transport: 'pull' })
    }
  }
  const ended = (await scraped(telemetry)).filter((line) => line.startsWith('alien_invocations_ended_total{'))
  expect(ended).toHaveLength((MAX_NAMES + 1) * outcomes.length)
  expect(ended).toContain(
    `alien_invocations_ended_total{command="other",outcome="internal",transport="pull"} ${1_000 - MAX_NAMES}`,
  )
})

test('what runs for hours, and what waits for a day, are told apart', async () => {
  const telemetry = await opened()
  for (const hours of [0.5, 3, 20, 30])
    telemetry.metrics.invocationSeconds.record(hours * 3_600, { command: 'migrate' })
  const lines = await scraped(telemetry)
  const upTo = (le: string) => `alien_invocation_duration_seconds_bucket{command="migrate",le="${le}"}`
  expect(lines).toEqual(
    expect.arrayContaining([`${upTo('3600')} 1`, `${upTo('14400')} 2`, `${upTo('86400')} 3`, `${upTo('+Inf')} 4`]),
  )
})

test('what is looked up has the value of now, and a look in vain takes nothing from the others', async () => {
  const telemetry = await opened()
  let polls = 1
  telemetry.metrics.pollsOpen.observe((set) => set(polls, {}))
  telemetry.metrics.invocationsOpen.observe(() => Promise.reject(new Error('Temporal is away')))
  expect(await scraped(telemetry)).toContain('alien_gateway_polls 1')
  polls = 7
  const lines = await scraped(telemetry)
  expect(lines).toContain('alien_gateway_polls 7')
  expect(lines.filter((line) => line.startsWith('alien_invocations_open '))).toStrictEqual([])
})

test('the port serves metrics and nothing else, and one that is taken is named', async () => {
  const telemetry = await opened()
  const url = new URL(telemetry.metricsUrl ?? '')
  expect((await fetch(new URL('/', url))).status).toBe(404)
  expect((await fetch(url, { method: 'POST' })).status).toBe(404)
  await expect(opened(Number(url.port))).rejects.toMatchObject({
    code: 'unavailable',
    message: `port ${url.port} of 127.0.0.1 is already in use; stop what holds it, or choose another for metrics with --metrics-port`,
  })
})

test('nothing is opened unless somebody wants to know', async () => {
  const quiet = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_TRACES_EXPORTER: 'none',
  }
  for (const env of [{}, quiet, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }]) {
    const { meter } = await openTelemetry(TELLER, telemetrySettings(env, undefined))
    expect(meter).toBeUndefined()
  }
})

test('what is said of traces is not looked at unless they are sent', () => {
  expect(telemetrySettings({ OTEL_TRACES_SAMPLER: 'always_on' }, undefined).otlp.traces).toBe(false)
})

test.each([
  [{}, 1],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, 1],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, 0],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' }, 1],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, 0.25],
])('by %j, %d of the traces are kept', (env, sampled) => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }
  expect(telemetrySettings({ ...endpoint, ...env }, undefined).sampled).toBe(sampled)
})

test.each([
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", and only http/protobuf is spoken here',
  ],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
    'OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL, like http://collector:4318',
  ],
  [{ OTEL_TRACES_SAMPLER: 'jaeger_remote' }, 'OTEL_TRACES_SAMPLER is "jaeger_remote"; it may be parentbased_always_on'],
  [
    { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '7' },
    'OTEL_TRACES_SAMPLER_ARG is "7"; it must be a number from 0 to 1',
  ],
])('%j is refused', (env, message) => {
  const settings = () => telemetrySettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', ...env }, undefined)
  expect(settings).toThrow(message)
})

test.each(['-5', '0', '1m', '1e12'])('metrics are not sent every %s ms', (interval) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_METRIC_EXPORT_INTERVAL: interval }
  expect(() => telemetrySettings(env, undefined)).toThrow(
    `OTEL_METRIC_EXPORT_INTERVAL is "${interval}"; it must be a number of milliseconds from 1 to 2147483647`,
  )
})
