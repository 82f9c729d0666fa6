/** A registry that is away stops nothing of what is pushed and under way. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { Client, Connection } from '@temporalio/client'
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer } from '../temporal/dev-server.js'
import { Closers } from '../workers/closers.js'
import { eventually } from './support/eventually.js'
import { startFragileControlPlane, type FragileControlPlane } from './support/fragile-control-plane.js'
import { callApi } from './support/http.js'
import { startLambdaService, type LambdaService } from './support/lambda-service.js'
import { startPostgres } from './support/postgres.js'
import { ARN, heartbeat, report } from './support/push-stack.js'

const closers = new Closers()
const token = `key_${randomBytes(32).toString('base64url')}`
let controlPlane: FragileControlPlane
let lambda: LambdaService
let temporal: Client
let client: CommandsClient

beforeAll(async () => {
  lambda = await startLambdaService()
  closers.add(() => lambda.close())
  vi.stubEnv('AWS_ENDPOINT_URL', lambda.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  const database = await startPostgres()
  closers.add(() => database.stop())
  const { path } = await resolveTemporalBinary()
  const server = await startDevServer({ binaryPath: path, searchAttributes: SEARCH_ATTRIBUTES })
  closers.add(() => server.stop())
  const connection = await Connection.connect({ address: server.address })
  closers.add(() => connection.close())
  temporal = new Client({ connection })
  controlPlane = await startFragileControlPlane({
    databaseUrl: await database.createDatabase(),
    temporalAddress: server.address,
    apiKey: { name: 'tests', token },
    vendorWorker: true,
  })
  closers.add(() => controlPlane[Symbol.asyncDispose]())
  client = new CommandsClient({ deploymentId: 'event', token, url: controlPlane.url })
  const transport = { kind: 'lambda', functionArn: `${ARN}event` }
  expect((await callApi(controlPlane, token, 'POST', '/v1/deployments', { name: 'event', transport })).status).toBe(201)
})

afterAll(async () => {
  await closers.close()
  vi.unstubAllEnvs()
})

afterEach(() => controlPlane.postgres.restore())

const said = (first: number) => ({
  first,
  events: [{ type: 'log', at: new Date().toISOString(), level: 'info', message: `line ${first}` }],
})

/** Of an invocation, once its function was invoked. */
async function begun() {
  const nth = lambda.invoked.length
  const handle = await client.start('generate-report')
  const { envelope } = await eventually('its function is invoked', () => lambda.invoked[nth])
  return { handle, envelope }
}

test('a heartbeat is recorded, and what it says comes again', async () => {
  const { handle, envelope } = await begun()
  controlPlane.postgres.cut('refuse')
  const { status } = await heartbeat(envelope, { progress: { done: 1 }, events: said(1) })
  expect(status).toBe(503)
  const { raw } = await temporal.workflow.getHandle(handle.id).describe()
  expect(raw.pendingActivities?.[0]?.lastHeartbeatTime).toBeTruthy()
  controlPlane.postgres.restore()
  expect((await heartbeat(envelope, { events: said(1) })).status).toBe(200)
  await report(envelope, { status: 'succeeded', result: 1 })
  const lines: unknown[] = []
  for await (const event of handle.events()) if (event.type === 'log') lines.push(event.message)
  expect(lines).toEqual(['line 1'])
})

test.each(['refuse', 'hang'] as const)(
  'an outcome arrives, be it without what the handler said at its end: %s',
  async (how) => {
    const { handle, envelope } = await begun()
    controlPlane.postgres.cut(how)
    const { status, body } = await report(envelope, { status: 'succeeded', result: 'kept', events: said(1) })
    expect({ status, body }).toEqual({ status: 200, body: { recorded: true } })
    expect(await temporal.workflow.getHandle(handle.id).result()).toBe('kept')
  },
)
