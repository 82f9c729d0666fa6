/** `/readyz` while what the control plane needs does not answer, in each of the ways in which that shows. */
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer } from '../temporal/dev-server.js'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { Closers } from '../workers/closers.js'
import { bareApp } from './support/bare-app.js'
import { eventually } from './support/eventually.js'
import { startFragileControlPlane, type FragileControlPlane } from './support/fragile-control-plane.js'
import { callApi } from './support/http.js'
import { startPostgres } from './support/postgres.js'

const closers = new Closers()
let controlPlane: FragileControlPlane
let temporalAddress: string

beforeAll(async () => {
  const database = await startPostgres()
  closers.add(() => database.stop())
  const { path } = await resolveTemporalBinary()
  const server = await startDevServer({ binaryPath: path, searchAttributes: SEARCH_ATTRIBUTES })
  closers.add(() => server.stop())
  temporalAddress = server.address
  const databaseUrl = await database.createDatabase()
  controlPlane = await startFragileControlPlane({ databaseUrl, temporalAddress: server.address })
  closers.add(() => controlPlane[Symbol.asyncDispose]())
})

afterAll(() => closers.close())

afterEach(async () => {
  controlPlane.postgres.restore()
  controlPlane.temporal.restore()
  await eventually('it is ready', async () => ((await readyz()).status === 200 ? true : undefined))
})

const readyz = () => callApi(controlPlane, undefined, 'GET', '/readyz')

const ms = expect.any(Number) as number

test('parts that hang are waited for side by side, for two seconds', async () => {
  for (const link of [controlPlane.postgres, controlPlane.temporal]) link.cut('hang')
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
  controlPlane.postgres.cut('refuse')
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
  expect(controlPlane.log.at(-1)).toContain('"check":"registry"')
  expect(controlPlane.log.at(-1)).toContain('ECONNRE')
})

test('Temporal that refuses is named', async () => {
  controlPlane.temporal.cut('refuse')
  const { body } = await readyz()
  expect(body).toStrictEqual({
    status: 'not_ready',
    checks: {
      registry: { ok: true, latencyMs: ms },
      temporal: { ok: false, latencyMs: ms, reason: 'no answer within 2000 ms' },
    },
  })
})

test('a control plane that stops, or whose worker does not run, is not ready, and says so', async () => {
  const app = await bareApp(temporalAddress, { draining: AbortSignal.abort(), workerState: () => 'FAILED' })
  const server = app.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const { status, body } = await callApi({ url: `http://127.0.0.1:${port}` }, undefined, 'GET', '/readyz')
  expect(status).toBe(503)
  expect(body.checks).toMatchObject({
    registry: { ok: true },
    worker: { ok: false, reason: 'the vendor worker is FAILED' },
    server: { ok: false, reason: 'shutting down' },
  })
})
