/** Which program of this machine does what a service's image does. */
import { execa } from 'execa'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, delimiter, join, resolve } from 'node:path'
import { startDevArgs } from '../../temporal/dev-server-args.js'
import { resolveTemporalBinary } from '../../temporal/binary.js'
import { CLI } from '../support/cli.js'
import { embeddedBinaries, installedBinaries } from '../support/postgres-binaries.js'
import { unprivilegedUser, type User } from '../support/unprivileged-user.js'
import type { Service } from './compose-file.js'
import { nodeFlagsOf, readStages } from './dockerfile.js'

export interface Program {
  readonly command: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  /** Whom it runs as. Default: whoever runs the topology. */
  readonly user?: User
  /** Where it listens, when that is not where the service's own check looks. */
  readonly listens?: { readonly host: string; readonly port: number }
  /** Runs once it is healthy for the first time. */
  readonly afterwards?: () => Promise<unknown>
}

export interface Place {
  /** The service's address. */
  readonly host: string
  /** What it may write to. */
  readonly volume: string
  /** The topology's. */
  readonly folder: string
  readonly temporal: TemporalChoice
}

/** The folder of the server and its tools, or the ports of the development server. */
export type TemporalChoice = { readonly server: string } | { readonly port: number; readonly uiPort: number }

/** `undefined` for a service that nothing here can play. */
export async function programOf(service: Service, place: Place): Promise<Program | undefined> {
  const [image = ''] = service.image.split(':')
  if (image === 'postgres') return postgres(service, place)
  if (image === 'temporalio/server') return temporal(service, place)
  if (image === 'temporalio/admin-tools') return adminTools(service, place)
  if (image.startsWith('alien-')) return alien(service, image.slice('alien-'.length))
  return undefined
}

async function alien({ command, environment }: Service, stage: string): Promise<Program> {
  return {
    command: [process.execPath, ...nodeFlagsOf(await readStages(), stage), CLI, ...command],
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  }
}

/** As the image's entry point: a new data directory, and the scripts of `/docker-entrypoint-initdb.d` once. */
async function postgres({ command, environment }: Service, { host, volume, folder }: Place): Promise<Program> {
  const bin = (await installedBinaries()) ?? (await embeddedBinaries(join(folder, 'postgres-programs')))
  const user = await unprivilegedUser()
  const env = { PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, LC_ALL: 'C.UTF-8' }
  const data = join(volume, 'data')
  const isNew = (await readFile(join(data, 'PG_VERSION')).catch(() => undefined)) === undefined
  if (isNew) {
    const password = join(volume, 'password')
    await writeFile(password, environment['POSTGRES_PASSWORD'] ?? '', { mode: 0o600 })
    if (user) await execa('chown', ['-R', `${user.uid}:${user.gid}`, volume])
    const flags = (environment['POSTGRES_INITDB_ARGS'] ?? '').split(' ')
    await execa(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '--pwfile', password, '-E', 'UTF8', ...flags], {
      ...user,
      cwd: volume,
      env,
      extendEnv: false,
    })
  }
  // Of one that was killed. A new container has no process of that number; here it may be there until somebody reaps it.
  await rm(join(data, 'postmaster.pid'), { force: true })
  const own = ['-D', data, '-c', `listen_addresses=${host}`, '-c', `unix_socket_directories=${volume}`]
  const script = resolve('ops/postgres/create-databases.sh')
  return {
    command: [join(bin, 'postgres'), ...own, ...command.slice(1)],
    env,
    user,
    ...(isNew
      ? {
          afterwards: () =>
            execa('/bin/sh', [script], { ...user, cwd: volume, env: { ...env, PGHOST: volume, ...environment } }),
        }
      : {}),
  }
}

/** The server itself, or the development server, whose dynamic configuration is the same: a test compares them. */
async function temporal({ environment }: Service, { volume, temporal: choice }: Place): Promise<Program> {
  if ('server' in choice) {
    return { command: [join(choice.server, 'bin', 'server'), '--allow-no-auth', 'start'], env: environment }
  }
  const { path } = await resolveTemporalBinary()
  const host = '127.0.0.1'
  const args = startDevArgs({
    ...choice,
    host,
    namespace: 'default',
    dbFilename: join(volume, 'temporal.db'),
    searchAttributes: {},
  })
  return { command: [path, ...args], env: {}, listens: { host, port: choice.port } }
}

/** Its scripts, and the programs that they call. The development server makes its schema itself. */
async function adminTools(
  { entrypoint, environment }: Service,
  { volume, temporal: choice }: Place,
): Promise<Program | undefined> {
  const [shell, script] = entrypoint
  if (shell === undefined || script === undefined) throw new Error('the tools of Temporal run a script')
  const server = 'server' in choice ? choice.server : undefined
  if (server === undefined && basename(script) === 'create-schema.sh') return undefined
  const tools = join(volume, 'bin')
  await mkdir(tools, { recursive: true })
  const link = (file: string, name: string) => symlink(file, join(tools, name)).catch(() => undefined)
  await link((await resolveTemporalBinary()).path, 'temporal')
  if (server !== undefined) await link(join(server, 'bin', 'sql'), 'temporal-sql-tool')
  const env = {
    PATH: [tools, process.env['PATH'] ?? ''].join(delimiter),
    HOME: volume,
    ...(server === undefined ? {} : { SCHEMA_DIR: join(server, 'schema') }),
    ...environment,
  }
  return { command: [shell, script], env }
}
