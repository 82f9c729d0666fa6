/** Temporal Cloud, by its own variables, with an API key and with certificates: a front like Cloud's before a real Temporal. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer, type DevServer } from '../temporal/dev-server.js'
import { AgentProcess } from './support/agent-process.js'
import { AlienProcess } from './support/alien-process.js'
import { alien } from './support/cli.js'
import { eventually } from './support/eventually.js'
import { startTemporalCloud, type CloudOptions, type TemporalCloud } from './support/temporal-cloud.js'
import { ownPort } from './support/port.js'

const TLS = resolve('tests/fixtures/tls')
const file = (name: string): Promise<Buffer> => readFile(join(TLS, name))
const TRUST = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(TLS, 'ca.crt') }
const CERTIFICATE = {
  TEMPORAL_TLS_CLIENT_CERT_PATH: join(TLS, 'second.crt'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: join(TLS, 'second.key'),
}
const API_KEY = 'key_'.padEnd(40, 'a')
const CLOUD_KEY = 'cloud-api-key'

let folder: string
let temporal: DevServer
/** Whose namespace nobody has prepared. */
let bare: DevServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-cloud-'))
  const { path: binaryPath } = await resolveTemporalBinary()
  temporal = await startDevServer({ binaryPath, searchAttributes: SEARCH_ATTRIBUTES })
  bare = await startDevServer({ binaryPath })
})

afterAll(async () => {
  await Promise.all([temporal.stop(), bare.stop()])
  await rm(folder, { recursive: true, force: true })
})

const cloud = async (wants: CloudOptions['wants'], { address: upstream } = temporal): Promise<TemporalCloud> =>
  startTemporalCloud({ upstream, cert: await file('first.crt'), key: await file('first.key'), wants })

const withKey = () => cloud({ apiKey: CLOUD_KEY })
const withCertificate = async () => cloud({ certificateOf: await file('ca.crt') })

describe.each([
  ['an API key', withKey, { ...TRUST, TEMPORAL_API_KEY: CLOUD_KEY }],
  ['certificates', withCertificate, { ...TRUST, ...CERTIFICATE }],
])('with %s', (_what, start, env) => {
  test('a command goes from a caller to an agent and back, and the doctor has nothing to say', async () => {
    await using front = await start()
    const url = `http://127.0.0.1:${await ownPort()}`
    const state = await mkdtemp(join(folder, 'state-'))
    const settings = { ...env, TEMPORAL_ADDRESS: front.address, ALIEN_STATE_DIR: state, ALIEN_API_KEY: API_KEY }
    await using server = new AlienProcess(['server', '--port', new URL(url).port], settings)
    const ready = async () => ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true ? true : undefined)
    await eventually(`the control plane is ready; ${server.stderr}`, ready, 30_000)
    const caller = { ALIEN_URL: url, ALIEN_TOKEN: API_KEY }
    const created = await alien(['deployments', 'create', 'acme-corp', '--json'], { env: caller })
    const { agentToken: token } = JSON.parse(created.stdout) as { agentToken: string }
    await using agent = new AgentProcess({
      url,
      token,
      stateDir: join(state, 'agent'),
      handlers: 'examples/quickstart/handlers.ts',
    })
    const args = ['--deployment', 'acme-corp', '--command', 'run-migration', '--params', '{"version": "42"}']
    const { stdout, stderr } = await eventually('the agent has published its commands', async () => {
      const answer = await alien(['commands', 'invoke', ...args], { env: caller })
      return answer.stderr.includes('command_not_found') ? undefined : answer
    })
    expect(agent.stderr).toContain('serving')
    const doctor = await alien(['doctor', '--server'], {
      env: { ...env, TEMPORAL_ADDRESS: front.address, ALIEN_STATE_DIR: state },
    })
    expect(doctor).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/ok +workers +1 poll/) })
    expect([JSON.parse(stdout || '{}'), stderr]).toStrictEqual([{ status: 'completed' }, ''])
  })
})

test.each([
  ['no API key', withKey, TRUST],
  ['a wrong API key', withKey, { ...TRUST, TEMPORAL_API_KEY: 'another' }],
  ['no certificate', withCertificate, TRUST],
  ['no authority to trust', withKey, { TEMPORAL_API_KEY: CLOUD_KEY }],
])('%s: the server does not start, and says where to look', async (_what, start, env: Record<string, string>) => {
  await using front = await start()
  const settings = { ...env, TEMPORAL_ADDRESS: front.address, ALIEN_STATE_DIR: folder, TEMPORAL_TLS: 'true' }
  const { exitCode, stderr } = await alien(['server', '--port', '0'], { env: settings })
  expect([exitCode, stderr]).toStrictEqual([
    8,
    expect.stringMatching(
      /cannot reach Temporal at localhost:\d+: .*; check TEMPORAL_ADDRESS, and TEMPORAL_API_KEY or TEMPORAL_TLS/s,
    ),
  ])
  expect(stderr).not.toContain(CLOUD_KEY)
})

test('a namespace without the search attributes, which cannot be added there: which ones they are', async () => {
  await using front = await cloud({ apiKey: CLOUD_KEY }, bare)
  const env = { ...TRUST, TEMPORAL_API_KEY: CLOUD_KEY, TEMPORAL_ADDRESS: front.address, ALIEN_STATE_DIR: folder }
  const { exitCode, stderr } = await alien(['server', '--port', '0'], { env })
  expect([exitCode, stderr]).toStrictEqual([
    8,
    expect.stringContaining(
      'of Temporal Cloud, or with "temporal operator search-attribute create": AlienDeployment (Keyword), AlienCommand (Keyword)',
    ),
  ])
})
