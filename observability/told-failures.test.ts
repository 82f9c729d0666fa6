import { context, propagation, trace } from '@opentelemetry/api'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { eventually } from '../tests/support/eventually.js'
import { telemetrySettings } from './settings.js'
import { openTelemetry } from './telemetry.js'

/** A collector that answers with the status that it has at the time, and a body that is for no log. */
async function collector() {
  const own = { url: '', status: 200, answers: [] as string[] }
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      own.answers.push(`${own.status} ${request.url ?? ''}`)
      response.writeHead(own.status).end(own.status === 200 ? '' : 'hunter2')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  own.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return own
}

test('a collector that refuses is told of once for each signal, and once that it takes them again', async () => {
  const own = await collector()
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', own.url)
  vi.stubEnv('OTEL_METRIC_EXPORT_INTERVAL', '50')
  const lines: { signal: string; msg: string; level: number; reason?: string }[] = []
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) })
  own.status = 401
  const telemetry = await openTelemetry(
    { service: 'test', version: '1', log },
    telemetrySettings(process.env, undefined),
  )
  // Enough for one message, which is sent at once.
  const spans = setInterval(() => {
    for (let span = 0; span < 512; span += 1) trace.getTracer('test').startSpan('work').end()
  }, 50)
  onTestFinished(async () => {
    clearInterval(spans)
    await telemetry.close()
    for (const api of [trace, context, propagation]) api.disable()
    vi.unstubAllEnvs()
  })
  telemetry.metrics.pollsOpen.observe((set) => set(1, {}))
  /** The third time, whatever was to be said of the two before has been said. */
  const answered = (status: number) =>
    eventually(`${status} thrice for each`, () => {
      const times = (path: string) => own.answers.filter((answer) => answer === `${status} ${path}`).length
      return (times('/v1/metrics') >= 3 && times('/v1/traces') >= 3) || undefined
    })
  const told = (level: number) =>
    lines.filter((line) => line.level === level).map(({ signal, msg, reason }) => [signal, msg, reason])
  await answered(401)
  own.status = 200
  await answered(200)
  const refused = ['the collector does not take them', '401 Unauthorized']
  expect(told(40).sort()).toStrictEqual([
    ['metrics', ...refused],
    ['traces', ...refused],
  ])
  const takes = ['the collector takes them again', undefined]
  expect(told(30).sort()).toStrictEqual([
    ['metrics', ...takes],
    ['traces', ...takes],
  ])
  expect(JSON.stringify(lines)).not.toContain('hunter2')
})
