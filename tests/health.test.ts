/** `/readyz` while what the control plane needs does not answer, in each of the ways in which that shows. */
import { startControlPlane, type ControlPlane } from '@alienplatform/sdk/server'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer } from '../temporal/dev-server.js'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { plainTemporal } from '../temporal/settings.js'
import { Closers } from '../workers/closers.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { startPostgres } from './support/postgres.js'
import { TcpProxy } from './support/tcp-proxy.js'

const closers = new Closers()
const log: string[] = []
let postgres: TcpProxy
let temporal: TcpProxy
let controlPlane: ControlPlane

beforeAll(async () => {
  const database = await startPostgres()
  closers.add(() => database.stop())
  const { path } = await resolveTemporalBinary()
  const server = await startDevServer({ binaryPath: path, searchAttributes: SEARCH_ATTRIBUTES })
  closers.add(() => server.stop())
  const url = new URL(await database.createDatabase())
  postgres = await TcpProxy.before(url.href)
  closers.add(() => postgres[Symbol.asyncDispose]())
  temporal = await TcpProxy.before(`http://${server.address}`)
  closers.add(() => temporal[Symbol.asyncDispose]())
  url.port = new URL(postgres.url).port
  controlPlane = await startControlPlane({
    host: '127.0.0.1',
    port: 0,
    registry: { url: url.href },
    temporal: plainTemporal(new URL(temporal.url).host, 'default'),
    vendorWorker: false,
    log: pino({ level: 'warn' }, { write: (line) => void log.push(line) }),
  })
  closers.add(() => controlPlane.close())
})

afterAll(() => closers.close())

afterEach(async () => {
  postgres.restore()
  temporal.restore()
  await eventually('it is ready', async () => ((await readyz()).status === 200 ? true : undefined))
})

const readyz = () => callApi(controlPlane, undefined, 'GET', '/readyz')

const ms = expect.any(Number) as number

test('parts that hang are waited for side by side, for two seconds', async () => {
  for (const link of [postgres, temporal]) link.cut('hang')
  const start = performance.now()
  const { status, body } = await readyz()
  const tookMs = performance.now() - start
  expect(status).toBe(503)
  const late = { ok: false, latencyMs: ms, reason: 'no answer within 2000 ms' }
  expect(body).toStrictEqual({ status: 'not_ready', checks: { registry: late, temporal: late } })
  const waited: number[] = [body.checks.registry.latencyMs, body.checks.temporal.latencyMs]
  expect(Math.min(...waited)).toBeGreaterThanOrEqual(1_900)
  expect(tookMs).toBeLessThan((waited[0] ?? 0) + (waited[1] ?? 0))
})

test('a registry that refuses is named, without where it is; the log has that', async () => {
  postgres.cut('refuse')
  // The pool still has connections that were cut.
  const body = await eventually('the reason is told', async () => {
    const answer = await readyz()
    return answer.body.checks.registry.reason === 'the registry cannot be reached' ? answer.body : undefined
  })
  expect(body).toStrictEqual({
    status: 'not_ready',
    checks: {
      registry: { ok: false, latencyMs: ms, reason: 'the registry cannot be reached' },
      temporal: { ok: true, latencyMs: ms },
    },
  })
  expect(log.at(-1)).toContain('"check":"registry"')
  expect(log.at(-1)).toContain('ECONNRE')
})

test('Temporal that refuses is named', async () => {
  temporal.cut('refuse')
  const { body } = await readyz()
  expect(body).toStrictEqual({
    status: 'not_ready',
    checks: {
      registry: { ok: true, latencyMs: ms },
      temporal: { ok: false, latencyMs: ms, reason: 'no answer within 2000 ms' },
    },
  })
})
