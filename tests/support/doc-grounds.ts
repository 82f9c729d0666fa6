/** What single pages take for granted, beyond a project and a control plane: a clone, a machine, other parties. */
import { startTestStack } from '@alienplatform/sdk/testing'
import { execa } from 'execa'
import { copyFile, cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { Closers } from '../../workers/closers.js'
import { DocShell } from './doc-shell.js'
import { NpmRegistry } from './doc-registry.js'
import { OtlpReceiver } from './otlp-receiver.js'
import { startPostgres } from './postgres.js'
import { startTemporalCloud, type CloudOptions } from './temporal-cloud.js'

const TLS = 'tests/fixtures/tls'

/** For `configuration.md`: the Temporals that it names, each by what it wants. */
export async function temporalsOf(shell: DocShell, address: string, closers: Closers): Promise<void> {
  const front = async (wants: CloudOptions['wants']): Promise<string> => {
    const [cert, key] = await Promise.all([readFile(`${TLS}/first.crt`), readFile(`${TLS}/first.key`)])
    const cloud = await startTemporalCloud({ upstream: address, cert, key, wants })
    closers.add(() => cloud[Symbol.asyncDispose]())
    return cloud.address
  }
  const files = { 'ca.crt': 'ca.crt', 'client.pem': 'second.crt', 'client.key': 'second.key' }
  for (const [name, file] of Object.entries(files)) await copyFile(`${TLS}/${file}`, join(shell.folder, name))
  const trusted = 'TEMPORAL_TLS_SERVER_CA_CERT_PATH=ca.crt'
  const stands = {
    'temporal.internal:7233': address,
    'eu-central-1.aws.api.temporal.io:7233': await front({ apiKey: 'cloud-key' }),
    'commands.a1b2c.tmprl.cloud:7233': await front({ certificateOf: await readFile(`${TLS}/ca.crt`) }),
    'TEMPORAL_API_KEY=…': `TEMPORAL_API_KEY=cloud-key ${trusted}`,
    'TEMPORAL_TLS_CLIENT_CERT_PATH=': `${trusted} TEMPORAL_TLS_CLIENT_CERT_PATH=`,
    'TEMPORAL_NAMESPACE=commands.a1b2c': 'TEMPORAL_NAMESPACE=default',
    'TEMPORAL_NAMESPACE=commands': 'TEMPORAL_NAMESPACE=default',
  }
  for (const [named, real] of Object.entries(stands)) shell.stands.set(named, real)
}

/** For `observability.md`. */
export async function collectorOf(shell: DocShell, closers: Closers): Promise<OtlpReceiver> {
  const collector = await OtlpReceiver.start()
  closers.add(() => collector[Symbol.asyncDispose]())
  shell.stands.set('http://collector:4318', collector.url)
  return collector
}

/** For `production.md`: a clone on a machine whose control plane nobody has used yet, with the databases of the Compose file. */
export async function openProduction(closers: Closers): Promise<DocShell> {
  const stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: [] })
  closers.add(() => stack.close())
  const postgres = await startPostgres()
  closers.add(() => postgres.stop())
  const { hostname, port, password, href } = new URL(await postgres.createDatabase())
  await createDatabases(href, 'alien', 'temporal')
  const database = { PGHOST: hostname, PGPORT: port, PGPASSWORD: password }
  const shell = await DocShell.open({ ...database, TEMPORAL_ADDRESS: stack.state.temporalAddress })
  closers.add(() => shell[Symbol.asyncDispose]())
  for (const file of ['.env.example', 'docker-compose.yml']) await copyFile(file, join(shell.folder, file))
  await cp('examples/quickstart', shell.folder, { recursive: true })
  // Where "git pull" has nothing to get.
  const setUp = 'git init -qb main . && git config branch.main.remote . && git config branch.main.merge refs/heads/main'
  await execa('sh', ['-c', `${setUp} && git add .env.example && git -c user.name=a -c user.email=a commit -qm first`], {
    cwd: shell.folder,
  })
  shell.stands.set('https://commands.vendor.example:7700', stack.state.url)
  shell.stands.set('key_…', stack.state.token)
  return shell
}

async function createDatabases(url: string, ...names: readonly string[]): Promise<void> {
  const admin = new pg.Client(url)
  await admin.connect()
  for (const name of names) await admin.query(`create database ${name}`)
  await admin.end()
}

const SIGNER = 'Release <release@vendor.example>'

/** For `releasing.md`: a clone that is built, and somebody who may sign; npm's registry, and the repository that is pushed to. */
export async function openRelease(closers: Closers): Promise<DocShell> {
  const registry = await NpmRegistry.open()
  closers.add(() => registry[Symbol.asyncDispose]())
  const shell = await DocShell.open({
    GNUPGHOME: '.gnupg',
    NPM_CONFIG_USERCONFIG: '.npmrc',
    GIT_COMMITTER_NAME: 'Release',
    GIT_COMMITTER_EMAIL: 'release@vendor.example',
    // Its scripts are those of the clone.
    DOC_ROOT: '.',
    REGISTRY: 'registry.vendor.example',
    SIGNER,
  })
  closers.add(() => shell[Symbol.asyncDispose]())
  const { folder } = shell
  const inFolder = (command: string) =>
    execa('sh', ['-c', command], { cwd: folder, env: { GNUPGHOME: join(folder, '.gnupg') } })
  closers.add(() => inFolder('gpgconf --kill gpg-agent'))
  const { stdout: repository } = await execa('git', ['rev-parse', '--show-toplevel'])
  await inFolder(
    `git init --quiet --bare .origin && git clone --quiet --shared '${repository}' clone && cp -r clone/. . && rm -rf clone`,
  )
  await inFolder('git remote set-url origin .origin')
  await cp('dist', join(folder, 'dist'), { recursive: true })
  await inFolder(
    `mkdir -m 700 .gnupg && gpg --batch --quiet --passphrase '' --quick-generate-key '${SIGNER}' ed25519 sign never`,
  )
  await writeFile(
    join(folder, '.npmrc'),
    `registry=${registry.url}\n${registry.url.replace('http:', '')}:_authToken=secret\n`,
  )
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
  shell.stands.set('VERSION=0.1.0', `VERSION=${nextMinor(version)}`)
  return shell
}

const nextMinor = (version: string): string => {
  const [major, minor] = version.split('.').map(Number)
  return `${major}.${(minor ?? 0) + 1}.0`
}
