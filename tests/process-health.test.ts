/** `/healthz` and `/readyz` of a vendor worker and of an agent, which have no port but that of their metrics. */
import { startTestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Closers } from '../workers/closers.js'
import { AgentProcess } from './support/agent-process.js'
import { AlienProcess } from './support/alien-process.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { startPostgres } from './support/postgres.js'
import { TcpProxy } from './support/tcp-proxy.js'

const closers = new Closers()
let stack: Awaited<ReturnType<typeof startTestStack>>
let databaseUrl: string
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-health-'))
  closers.add(() => rm(folder, { recursive: true, force: true }))
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
  closers.add(() => stack.close())
  const postgres = await startPostgres()
  closers.add(() => postgres.stop())
  databaseUrl = await postgres.createDatabase()
})

afterAll(() => closers.close())

async function told(process: AlienProcess, path: string): Promise<{ status: number; body: unknown }> {
  const metrics = await eventually('its port is open', () => /"metrics":"([^"]+)"/.exec(process.stderr)?.[1], 60_000)
  const answer = await fetch(new URL(path, metrics))
  return { status: answer.status, body: await answer.json() }
}

const until = (status: number, process: AlienProcess): Promise<unknown> =>
  eventually(
    `/readyz is answered with ${status}`,
    async () => {
      const answer = await told(process, '/readyz')
      return answer.status === status ? answer.body : undefined
    },
    60_000,
  )

const latencyMs = expect.any(Number) as number
const ok = { ok: true, latencyMs }
const not = (reason: string) => ({ ok: false, latencyMs, reason })

test('a vendor worker is ready with all that it needs, and says what of it does not answer', async () => {
  await using temporal = await TcpProxy.before(`http://${stack.state.temporalAddress}`)
  await using postgres = await TcpProxy.before(databaseUrl)
  const registry = new URL(databaseUrl)
  registry.port = new URL(postgres.url).port
  temporal.cut('hang')
  await using worker = new AlienProcess(['worker', '--metrics-port', '0'], {
    TEMPORAL_ADDRESS: new URL(temporal.url).host,
    DATABASE_URL: registry.href,
  })
  expect(await told(worker, '/readyz')).toStrictEqual({
    status: 503,
    body: { status: 'not_ready', checks: { process: not('starting') } },
  })
  temporal.restore()
  expect(await until(200, worker)).toStrictEqual({
    status: 'ready',
    checks: { temporal: ok, registry: ok, worker: ok },
  })
  for (const link of [temporal, postgres]) link.cut('hang')
  const late = not('no answer within 2000 ms')
  expect(await until(503, worker)).toStrictEqual({
    status: 'not_ready',
    checks: { temporal: late, registry: late, worker: ok },
  })
  expect(await told(worker, '/healthz')).toStrictEqual({ status: 200, body: { status: 'ok' } })
  for (const link of [temporal, postgres]) link.restore()
  await until(200, worker)
})

test('an agent is ready when its polls arrive, and says why they do not', async () => {
  await using link = await TcpProxy.before(stack.state.url)
  const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name: 'elsewhere' })
  await using agent = new AgentProcess({
    url: link.url,
    token: String(body.agentToken),
    stateDir: join(folder, 'agent'),
    handlers: 'tests/fixtures/handlers.ts',
    args: ['--metrics-port', '0'],
  })
  expect(await until(200, agent)).toStrictEqual({ status: 'ready', checks: { polls: ok, process: ok } })
  link.cut('refuse')
  expect(await until(503, agent)).toStrictEqual({
    status: 'not_ready',
    checks: { polls: not('the control plane does not answer'), process: ok },
  })
  expect(await told(agent, '/healthz')).toMatchObject({ status: 200 })
  link.restore()
  await until(200, agent)
})
