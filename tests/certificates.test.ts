/** When the certificates end that processes show, as they tell Prometheus. */
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { certificateEnd } from '../server/certificate-end.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer } from '../temporal/dev-server.js'
import { Closers } from '../workers/closers.js'
import { AlienProcess } from './support/alien-process.js'
import { selfSigned, type CertificateFiles } from './support/certificates.js'
import { eventually } from './support/eventually.js'
import { startTemporalCloud } from './support/temporal-cloud.js'

const TLS = resolve('tests/fixtures/tls')
const closers = new Closers()
let folder: string
/** As which this side is known to Temporal. */
let own: CertificateFiles
let temporal: Record<string, string>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-certificates-'))
  closers.add(() => rm(folder, { recursive: true, force: true }))
  own = await selfSigned(folder, 'own', 40)
  const { path } = await resolveTemporalBinary()
  const server = await startDevServer({ binaryPath: path, searchAttributes: SEARCH_ATTRIBUTES })
  closers.add(() => server.stop())
  const [cert, key] = await Promise.all([readFile(join(TLS, 'first.crt')), readFile(join(TLS, 'first.key'))])
  const certificateOf = await readFile(own.certFile)
  const front = await startTemporalCloud({ upstream: server.address, cert, key, wants: { certificateOf } })
  closers.add(() => front[Symbol.asyncDispose]())
  temporal = {
    TEMPORAL_ADDRESS: front.address,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(TLS, 'ca.crt'),
    TEMPORAL_TLS_CLIENT_CERT_PATH: own.certFile,
    TEMPORAL_TLS_CLIENT_KEY_PATH: own.keyFile,
  }
})

afterAll(() => closers.close())

/** By certificate, in seconds since 1970. */
async function endsTold(process: AlienProcess): Promise<Record<string, number>> {
  const url = await eventually('metrics can be had', () => /"metrics":"([^"]+)"/.exec(process.stderr)?.[1], 60_000)
  const text = await (await fetch(url)).text()
  const series = text.matchAll(/^alien_certificate_expiry_timestamp_seconds\{certificate="(\w+)"\} (\S+)$/gm)
  return Object.fromEntries([...series].map(([, name = '', seconds]) => [name, Number(seconds)]))
}

const endOf = async ({ certFile }: CertificateFiles): Promise<number> =>
  certificateEnd(await readFile(certFile)).getTime() / 1_000

test('a control plane tells of its own, also of a renewed one, and of that for Temporal', async () => {
  const [first, renewed] = [await selfSigned(folder, 'first', 20), await selfSigned(folder, 'renewed', 90)]
  const used = { certFile: join(folder, 'used.crt'), keyFile: join(folder, 'used.key') }
  const use = async ({ certFile, keyFile }: CertificateFiles) => {
    await copyFile(keyFile, used.keyFile)
    await copyFile(certFile, used.certFile)
  }
  await use(first)
  const flags = ['--port', '0', '--metrics-port', '0', '--tls-cert', used.certFile, '--tls-key', used.keyFile]
  await using server = new AlienProcess(['server', ...flags], { ...temporal, ALIEN_STATE_DIR: join(folder, 'server') })
  const told = () =>
    eventually('it is ready', () => (server.stderr.includes('"msg":"ready"') ? endsTold(server) : undefined), 60_000)
  expect(await told()).toStrictEqual({ server: await endOf(first), temporal: await endOf(own) })
  await use(renewed)
  const wanted = await endOf(renewed)
  await eventually('the renewed one is told of', async () => (await endsTold(server))['server'] === wanted || undefined)
})

test('a vendor worker tells of its own for Temporal', async () => {
  await using worker = new AlienProcess(['worker', '--metrics-port', '0'], temporal)
  await eventually('it is ready', () => worker.stderr.includes('"msg":"ready"') || undefined, 60_000)
  expect(await endsTold(worker)).toStrictEqual({ temporal: await endOf(own) })
})

test('a chain ends with the first of its certificates', async () => {
  const [long, short] = [await selfSigned(folder, 'long', 50), await selfSigned(folder, 'short', 3)]
  const [leaf, authority] = [await readFile(long.certFile), await readFile(short.certFile)]
  expect(certificateEnd(Buffer.concat([leaf, authority]))).toStrictEqual(certificateEnd(authority))
  expect(certificateEnd(leaf).getTime()).toBeGreaterThan(certificateEnd(authority).getTime())
})
