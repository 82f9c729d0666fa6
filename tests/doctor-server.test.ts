/** `alien doctor --server`, where `alien server` is to run; and pings where no vendor worker does. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer, type DevServer } from '../temporal/dev-server.js'
import { AlienProcess } from './support/alien-process.js'
import { alien } from './support/cli.js'
import { selfSigned, type CertificateFiles } from './support/certificates.js'
import { doctor, expectCulprit, type Broken, type Report } from './support/doctor.js'
import { eventually } from './support/eventually.js'
import { ownPort } from './support/port.js'
import { startTemporalCloud, type CloudOptions, type TemporalCloud } from './support/temporal-cloud.js'

const TLS = resolve('tests/fixtures/tls')
const TRUST = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(TLS, 'ca.crt') }

const fronts: TemporalCloud[] = []
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
  for (const front of fronts) await front[Symbol.asyncDispose]()
  await stack.close()
  await bareTemporal.stop()
  await quietTemporal.stop()
  await rm(folder, { recursive: true, force: true })
})

/** A front of Temporal that speaks TLS. @returns what names it */
async function cloud(
  wants: CloudOptions['wants'],
  name: 'first' | 'expired' = 'first',
  upstream = bareTemporal.address,
): Promise<{ TEMPORAL_ADDRESS: string }> {
  const [cert, key] = await Promise.all([readFile(join(TLS, `${name}.crt`)), readFile(join(TLS, `${name}.key`))])
  const front = await startTemporalCloud({ upstream, cert, key, wants })
  fronts.push(front)
  return { TEMPORAL_ADDRESS: front.address }
}

/** As which this side is to be known to Temporal. */
const own = ({ certFile, keyFile }: CertificateFiles) => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: certFile,
  TEMPORAL_TLS_CLIENT_KEY_PATH: keyFile,
})

const examined = (args: readonly string[], env: Record<string, string> = {}): Promise<Report> =>
  doctor(args, { cwd: folder, env })

test("the vendor's machine, with the registry in a file", async () => {
  const env = { TEMPORAL_ADDRESS: stack.state.temporalAddress, ALIEN_STATE_DIR: join(folder, 'state') }
  const { ok, findings } = await examined(['--server'], env)
  expect(findings.map(({ check, level }) => `${check}: ${level}`)).toStrictEqual(
    [
      'settings',
      'temporal settings',
      'temporal dns',
      'temporal tcp',
      'temporal tls',
      'temporal',
      'namespace',
      'search attributes',
      'workers',
      'certificate',
      'registry',
    ].map((one) => `${one}: ok`),
  )
  expect([ok, findings.at(-1)?.message]).toStrictEqual([
    true,
    `${join(folder, 'state', 'registry.db')} is not there yet; alien server creates it`,
  ])
})

test('certificates that end soon are warned of', async () => {
  const files = await selfSigned(folder, 'ending', 5)
  const env = {
    ...(await cloud({ certificateOf: await readFile(files.certFile) }, 'first', stack.state.temporalAddress)),
    ...TRUST,
    ...own(files),
    ALIEN_STATE_DIR: join(folder, 'state'),
    ALIEN_TLS_CERT: files.certFile,
    ALIEN_TLS_KEY: files.keyFile,
  }
  const { ok, findings } = await examined(['--server'], env)
  expect([ok, findings.filter(({ level }) => level !== 'ok')]).toMatchObject([
    true,
    [
      {
        check: 'temporal tls',
        level: 'warning',
        message: "this side's certificate, good for 4 days",
        remedy: 'renew it, and start alien server and alien worker anew: they read it once',
      },
      {
        check: 'certificate',
        level: 'warning',
        message: `certificate ${files.certFile}, good for 4 days`,
        remedy: 'write the renewed one over it; alien server reads it again when it changes',
      },
    ],
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
    'temporal settings',
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
    'temporal tcp',
    /^127.0.0.1:\d+ cannot be reached: connect ECONNREFUSED .* → see whether Temporal runs, and on that port$/,
  ],
  [
    'a state folder that is a file',
    async () => {
      const file = join(folder, 'no-folder')
      await writeFile(file, '')
      return {
        args: ['--server'],
        env: { TEMPORAL_ADDRESS: stack.state.temporalAddress, ALIEN_STATE_DIR: join(file, 'state') },
      }
    },
    'registry',
    /no-folder\/state\/registry.db is not there yet, and cannot be created: .*no-folder is no folder that this user may write to → correct ALIEN_STATE_DIR/,
  ],
  [
    'a URL for the address of Temporal',
    () => Promise.resolve({ args: ['--server'], env: { TEMPORAL_ADDRESS: 'http://127.0.0.1:7233' } }),
    'temporal settings',
    /^"http:\/\/127.0.0.1:7233" is a URL → give TEMPORAL_ADDRESS as host:port$/,
  ],
  [
    'a TEMPORAL_TLS that says neither yes nor no',
    () => Promise.resolve({ args: ['--server'], env: { TEMPORAL_ADDRESS: bareTemporal.address, TEMPORAL_TLS: 'yes' } }),
    'temporal settings',
    /^TEMPORAL_TLS is "yes" → set it to true or false$/,
  ],
  [
    'an address that is none',
    () => Promise.resolve({ args: ['--server'], env: { TEMPORAL_ADDRESS: 'temporal internal:7233' } }),
    'temporal settings',
    / → give TEMPORAL_ADDRESS as host:port$/,
  ],
  [
    'a name of Temporal that nobody has',
    () => Promise.resolve({ args: ['--server'], env: { TEMPORAL_ADDRESS: 'temporal.invalid:7233' } }),
    'temporal dns',
    /"temporal.invalid"/,
  ],
  [
    'an authority of Temporal that this machine does not know',
    async () => ({ args: ['--server'], env: { ...(await cloud({ apiKey: 'k' })), TEMPORAL_API_KEY: 'k' } }),
    'temporal tls',
    / → name the certificate authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH$/,
  ],
  [
    "a name that is not in Temporal's certificate",
    async () => ({
      args: ['--server'],
      env: { ...(await cloud({ apiKey: 'k' })), ...TRUST, TEMPORAL_API_KEY: 'k', TEMPORAL_TLS_SERVER_NAME: 'other' },
    }),
    'temporal tls',
    /other.* → correct TEMPORAL_ADDRESS, or give the name that is in the certificate in TEMPORAL_TLS_SERVER_NAME$/,
  ],
  [
    "Temporal's certificate, which has expired",
    async () => ({
      args: ['--server'],
      env: {
        ...(await cloud({ apiKey: 'k' }, 'expired')),
        TEMPORAL_API_KEY: 'k',
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(TLS, 'expired.crt'),
      },
    }),
    'temporal tls',
    /^certificate has expired → have Temporal's certificate renewed/,
  ],
  [
    'TLS to a Temporal without',
    () =>
      Promise.resolve({ args: ['--server'], env: { TEMPORAL_ADDRESS: bareTemporal.address, TEMPORAL_TLS: 'true' } }),
    'temporal tls',
    /^TLS: (wrong version number|packet length too long) → what listens there speaks no TLS: .*, or unset TEMPORAL_TLS and TEMPORAL_API_KEY, which ask for it$/,
  ],
  [
    'plain text to a Temporal with TLS',
    async () => ({ args: ['--server'], env: await cloud({ apiKey: 'k' }) }),
    'temporal',
    /^localhost:\d+ speaks TLS, and is spoken to in plain text → set TEMPORAL_TLS=true/,
  ],
  [
    'no certificate for a Temporal that wants one',
    async () => ({
      args: ['--server'],
      env: {
        ...(await cloud({ certificateOf: await readFile(join(TLS, 'ca.crt')) })),
        ...TRUST,
        TEMPORAL_TLS: 'true',
      },
    }),
    'temporal tls',
    /^Temporal ends the connection after the handshake: .* → it wants a certificate of this side: TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH$/,
  ],
  [
    'a certificate for Temporal by an authority that it does not know',
    async () => ({
      args: ['--server'],
      env: {
        ...(await cloud({ certificateOf: await readFile(join(TLS, 'ca.crt')) })),
        ...TRUST,
        ...own(await selfSigned(folder, 'stranger', 100)),
      },
    }),
    'temporal tls',
    /^Temporal ends the connection after the handshake: .* → it wants another certificate of this side/,
  ],
  [
    'a certificate for Temporal that has expired',
    async () => ({
      args: ['--server'],
      env: {
        ...(await cloud({ certificateOf: await readFile(join(TLS, 'ca.crt')) })),
        ...TRUST,
        ...own({ certFile: join(TLS, 'expired.crt'), keyFile: join(TLS, 'expired.key') }),
      },
    }),
    'temporal tls',
    /^this side's certificate, which ended at 2021-01-01T00:00:00.000Z → renew it, and start alien server and alien worker anew/,
  ],
  [
    'a wrong API key of Temporal',
    async () => ({
      args: ['--server'],
      env: { ...(await cloud({ apiKey: 'k' })), ...TRUST, TEMPORAL_API_KEY: 'secret-of-another' },
    }),
    'temporal',
    /^Temporal at localhost:\d+ refuses the credentials: 16 UNAUTHENTICATED: .* → see whether TEMPORAL_API_KEY is set/,
  ],
  [
    "the port of Temporal's Web UI",
    () =>
      Promise.resolve({
        args: ['--server'],
        env: { TEMPORAL_ADDRESS: new URL(String(stack.state.temporalUi)).host },
      }),
    'temporal',
    /^127.0.0.1:\d+ does not answer as Temporal does: .* → see whether TEMPORAL_ADDRESS is the gRPC port of Temporal's frontend/,
  ],
  [
    'a certificate of alien server that is not there',
    () =>
      Promise.resolve({
        args: ['--server'],
        env: {
          TEMPORAL_ADDRESS: stack.state.temporalAddress,
          ALIEN_TLS_CERT: '/nowhere/tls.crt',
          ALIEN_TLS_KEY: '/nowhere/tls.key',
        },
      }),
    'certificate',
    /^cannot use the certificate \/nowhere\/tls.crt with the key .*ENOENT.* → give both as PEM files that belong together$/,
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
