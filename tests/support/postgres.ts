/**
 * A private PostgreSQL for tests: its own data directory, a free port on loopback, a random password.
 *
 * The server dies with the process that started it, however that ends: a small shell holds one end of a pipe, and
 * when the other end closes it stops the server and removes the directory.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import pg from 'pg'
import { embeddedBinaries, installedBinaries } from './postgres-binaries.js'
import { unprivilegedUser, type User } from './unprivileged-user.js'
import { ownPort } from './port.js'

export interface TestPostgres {
  /** Makes an empty database and gives its `postgres://` URL. */
  createDatabase(): Promise<string>
  /** Stops the server and removes its data; open connections are cut. */
  stop(): Promise<void>
}

/** What a test database can lose: it is gone after the run. */
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'shared_buffers=16MB']

/** Runs the server, stops it when stdin closes, and leaves nothing behind. `$1` is the directory, the rest the server. */
const SUPERVISOR = `
exec 3<&0
dir=$1; shift
"$@" 3<&- &
server=$!
(cat <&3; kill -QUIT $server) >/dev/null 2>&1 &
wait $server
rm -rf "$dir"
`

/**
 * Starts a server from `source`: `installed` is the machine's own (Debian's layout, `pg_config` or PATH), `embedded`
 * the one in `node_modules`. By default the first that exists.
 */
export async function startPostgres(source?: 'installed' | 'embedded'): Promise<TestPostgres> {
  const user = await unprivilegedUser()
  const dir = await mkdtemp(join(tmpdir(), 'alien-postgres-'))
  try {
    const installed = source === 'embedded' ? undefined : await installedBinaries()
    if (source === 'installed' && !installed) throw new Error('no PostgreSQL is installed on this machine')
    const bin = installed ?? (await embeddedBinaries(join(dir, 'native')))
    // All of it: the supervisor, who is that user too, removes it.
    if (user) await promisify(execFile)('chown', ['-R', `${user.uid}:${user.gid}`, dir])
    const password = randomBytes(16).toString('hex')
    await initialize(bin, dir, password, user)
    const { port, supervisor } = await serve(bin, dir, user)
    return handle(`postgres://postgres:${password}@127.0.0.1:${port}`, supervisor)
  } catch (error) {
    await rm(dir, { recursive: true, force: true })
    throw error
  }
}

/** Without the caller's `PG*` variables, and with messages in the language that {@link serve} waits for. */
const spawnOptions = (dir: string, user: User) => ({
  ...user,
  cwd: dir,
  env: { PATH: process.env['PATH'], LC_ALL: 'C' },
})

async function initialize(bin: string, dir: string, password: string, user: User): Promise<void> {
  const passwordFile = join(dir, 'password')
  await writeFile(passwordFile, password)
  const args = ['-D', join(dir, 'data'), '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`]
  const initdb = spawn(join(bin, 'initdb'), [...args, '-E', 'UTF8', '--no-sync', '--no-instructions'], {
    ...spawnOptions(dir, user),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  initdb.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const [code] = (await once(initdb, 'close')) as [number | null]
  if (code !== 0) throw new Error(`initdb in ${bin} failed with ${code ?? 'a signal'}: ${stderr.trim()}`)
}

async function serve(bin: string, dir: string, user: User) {
  const port = await ownPort()
  const settings = [...SETTINGS, 'listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=']
  const server = [join(bin, 'postgres'), '-D', join(dir, 'data'), ...settings.flatMap((setting) => ['-c', setting])]
  // Detached: a Ctrl-C in the terminal ends the tests, and their end stops the server in the orderly way.
  const supervisor = spawn('/bin/sh', ['-c', SUPERVISOR, 'sh', dir, ...server], {
    ...spawnOptions(dir, user),
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  })
  const log: string[] = []
  for await (const line of createInterface(supervisor.stderr)) {
    if (line.includes('ready to accept connections')) {
      supervisor.stderr.resume()
      return { port, supervisor }
    }
    log.push(line)
  }
  throw new Error(`PostgreSQL in ${bin} did not start: ${log.join('\n')}`)
}

function handle(url: string, supervisor: ChildProcess): TestPostgres {
  let databases = 0
  return {
    async createDatabase() {
      const name = `test_${(databases += 1)}`
      const admin = new pg.Client(`${url}/postgres`)
      await admin.connect()
      // A natural-language order, as production databases have, so that code leaning on the order of bytes fails here.
      await admin.query(`create database ${name} template template0 locale_provider icu icu_locale 'en-US' locale 'C'`)
      await admin.end()
      return `${url}/${name}`
    },
    async stop() {
      const closed = once(supervisor, 'close')
      supervisor.stdin?.end()
      await closed
    },
  }
}
