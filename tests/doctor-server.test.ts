/** `alien doctor --server`, where `alien server` is to run; and pings where no vendor worker does. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer, type DevServer } from '../temporal/dev-server.js'
import { AlienProcess } from './support/alien-process.js'
import { alien } from './support/cli.js'
import { doctor, expectCulprit, type Broken, type Report } from './support/doctor.js'
import { eventually } from './support/eventually.js'
import { ownPort } from './support/port.js'

let stack: TestStack
let bareTemporal: DevServer
/** With all that we need, and nobody who polls. */
let quietTemporal: DevServer
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-doctor-'))
  const { path } = await resolveTemporalBinary()
  bareTemporal = await startDevServer({ binaryPath: path })
  quietTemporal = await startDevServer({ binaryPath: path, searchAttributes: SEARCH_ATTRIBUTES })
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
})

afterAll(async () => {
  await stack.close()
  await bareTemporal.stop()
  await quietTemporal.stop()
  await rm(folder, { recursive: true, force: true })
})

const examined = (args: readonly string[], env: Record<string, string> = {}): Promise<Report> =>
  doctor(args, { cwd: folder, env })

test("the vendor's machine, with the registry in a file", async () => {
  const env = { TEMPORAL_ADDRESS: stack.state.temporalAddress, ALIEN_STATE_DIR: join(folder, 'state') }
  const { ok, findings } = await examined(['--server'], env)
  expect(findings.map(({ check, level }) => `${check}: ${level}`)).toStrictEqual(
    ['settings', 'temporal', 'namespace', 'search attributes', 'workers', 'registry'].map((one) => `${one}: ok`),
  )
  expect([ok, findings.at(-1)?.message]).toStrictEqual([
    true,
    `${join(folder, 'state', 'registry.db')} is not there yet; alien server creates it`,
  ])
})

test('a ping that no vendor worker begins ends, and says what is waited for', async () => {
  const key = `key_${'x'.repeat(43)}`
  await using server = new AlienProcess(['server', '--port', '0', '--no-worker'], {
    TEMPORAL_ADDRESS: quietTemporal.address,
    ALIEN_STATE_DIR: join(folder, 'server'),
    ALIEN_API_KEY: key,
  })
  const url = await eventually('it is ready', () => /"url":"([^"]+)"/.exec(server.stderr)?.[1], 30_000)
  const env = { ALIEN_URL: url, ALIEN_TOKEN: key }
  await alien(['deployments', 'create', 'acme-corp'], { env })
  const { stdout, exitCode } = await alien(['deployments', 'test', 'acme-corp', '--timeout', '100ms'], { env })
  expect(stdout.split('\n').slice(0, 2)).toStrictEqual([
    'failed       delivery     no outcome within 5.2s, it is still queued: a vendor worker has not taken its next step yet',
    '                          → see whether a vendor worker runs: alien doctor --server, where alien server runs',
  ])
  expect(exitCode).toBe(8)
})

/** What is broken, how it is made, the check that finds it, and what that says. */
const BROKEN: readonly [string, () => Promise<Broken>, string, RegExp][] = [
  [
    'search attributes and all, and no worker',
    () => Promise.resolve({ args: ['--server'], env: { TEMPORAL_ADDRESS: quietTemporal.address } }),
    'workers',
    /^no vendor worker polls task queue "commands" of namespace "default": nothing that is started begins → start alien server, or an alien worker beside one with --no-worker$/,
  ],
  [
    "a file of Temporal's certificate that is not there",
    () =>
      Promise.resolve({
        args: ['--server'],
        env: { TEMPORAL_ADDRESS: bareTemporal.address, TEMPORAL_TLS_CLIENT_CERT_PATH: '/nope' },
      }),
    'temporal',
    /^TEMPORAL_TLS_CLIENT_CERT_PATH names \/nope, which cannot be read: ENOENT → correct it, or let this user read the file$/,
  ],
  [
    'the registry that the configuration file names, which is down',
    async () => {
      const config = join(folder, 'registry.config.json')
      const databaseUrl = `postgres://alien:secret@127.0.0.1:${await ownPort()}/alien`
      await writeFile(config, JSON.stringify({ server: { databaseUrl } }))
      return { args: ['--server'], env: { TEMPORAL_ADDRESS: stack.state.temporalAddress, ALIEN_CONFIG: config } }
    },
    'registry',
    /^cannot reach the registry at postgres:\/\/alien@127.0.0.1:\d+\/alien/,
  ],
  [
    'settings that are wrong',
    () =>
      Promise.resolve({
        args: ['--server'],
        env: { TEMPORAL_ADDRESS: stack.state.temporalAddress, ALIEN_PORT: 'x', ALIEN_WORKER: 'no' },
      }),
    'settings',
    /^2 settings are wrong:\n {2}ALIEN_PORT "x" must be .*\n {2}ALIEN_WORKER "no" must be true or false → correct/,
  ],
  [
    'Temporal, which is down',
    async () => ({ args: ['--server'], env: { TEMPORAL_ADDRESS: `127.0.0.1:${await ownPort()}` } }),
    'temporal',
    /^Temporal at 127.0.0.1:\d+ does not answer: .* → see whether it runs; check TEMPORAL_ADDRESS/,
  ],
  [
    'a namespace that is not there',
    () =>
      Promise.resolve({
        args: ['--server'],
        env: { TEMPORAL_ADDRESS: bareTemporal.address, TEMPORAL_NAMESPACE: 'commands' },
      }),
    'namespace',
    /^there is no namespace "commands" → create it, with temporal operator namespace create -n commands/,
  ],
  [
    'search attributes that are missing',
    () => Promise.resolve({ args: ['--server'], env: { TEMPORAL_ADDRESS: bareTemporal.address } }),
    'search attributes',
    /^namespace "default" lacks AlienDeployment, AlienCommand → let alien server create them as it starts, or run: temporal operator search-attribute create -n default --name AlienDeployment --type Keyword --name AlienCommand --type Keyword$/,
  ],
  [
    'the registry, which is down',
    async () => ({
      args: ['--server', '--database-url', `postgres://alien:secret@127.0.0.1:${await ownPort()}/alien`],
      env: { TEMPORAL_ADDRESS: stack.state.temporalAddress },
    }),
    'registry',
    /^cannot reach the registry at postgres:\/\/alien@127.0.0.1:\d+\/alien: .*ECONNREFUSED.* → see whether PostgreSQL runs/,
  ],
]

test.concurrent.each(BROKEN)('%s is found, and nothing else', async (_, make, check, says) => {
  const { args, env } = await make()
  expectCulprit(await examined(args, env), check, says)
})
