/** The roads an agent may have to the control plane: TLS, a proxy at the customer's, a proxy at the vendor's. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { Client as TemporalClient, Connection } from '@temporalio/client'
import { execa } from 'execa'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, readlink, rename, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { connect, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { listening } from './support/listening.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer, type DevServer } from '../temporal/dev-server.js'
import { eventually } from './support/eventually.js'

const TLS = 'tests/fixtures/tls'
const apiKey = `key_${randomBytes(32).toString('base64url')}`
/** Node and the agent trust the tests' authority beside those of the system. */
const trust: Record<string, string> = { NODE_EXTRA_CA_CERTS: join(TLS, 'ca.crt') }

const asVendor = { ...trust, ALIEN_TOKEN: apiKey }

let folder: string
/** Two control planes of one registry: with TLS, and in plain text. */
let url: string
let plainUrl: string
let temporal: DevServer
const processes = new Set<AlienProcess>()
const agents = new Set<AlienProcess>()
const servers = new Set<Server>()
/** What the servers accepted. */
const sockets = new Set<Socket>()

type AlienProcess = ReturnType<typeof spawnAlien>

const spawnAlien = (args: string[], env: Record<string, string>) =>
  execa('node', ['dist/cli/main.js', ...args], {
    env: { ALIEN_STATE_DIR: folder, TEMPORAL_ADDRESS: temporal.address, ALIEN_API_KEY: apiKey, ...env },
    reject: false,
    forceKillAfterDelay: 20_000,
  })

const alien = (args: string[], env: Record<string, string> = {}): AlienProcess => {
  const child = spawnAlien(args, env)
  processes.add(child)
  void child.finally(() => processes.delete(child))
  return child
}

const startAgent = (env: Record<string, string>): AlienProcess => {
  const agent = alien(['agent', 'start', 'tests/fixtures/handlers.ts'], env)
  agents.add(agent)
  return agent
}

/** `alien` that ends by itself: what it wrote, as JSON. */
const alienJson = async (args: string[], env: Record<string, string>): Promise<Record<string, unknown>> => {
  const { stdout, stderr, exitCode } = await alien([...args, '--json'], env)
  if (exitCode !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-roads-'))
  const { path } = await resolveTemporalBinary()
  temporal = await startDevServer({ binaryPath: path })
  const started = await Promise.all([startServer(...tlsFlags), startServer()])
  url = started[0]
  plainUrl = started[1]
})

/** Their exits are waited for, not the ends of their output, which what they started may hold. */
async function end(children: Set<AlienProcess>): Promise<void> {
  await Promise.all(
    [...children].map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    }),
  )
  children.clear()
}

afterEach(async () => {
  await end(agents)
  // A tunnel is nobody's but its two ends', and one of them is gone.
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  await Promise.all([...servers].map((server) => new Promise((resolve) => server.close(resolve))))
  servers.clear()
})

afterAll(async () => {
  await end(processes)
  await temporal.stop()
  await rm(folder, { recursive: true, force: true })
})

/** A server's url from its log. */
async function startServer(...flags: string[]): Promise<string> {
  const server = alien(['server', '--port', '0', ...flags])
  let log = ''
  server.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  return eventually('the server is ready', () => /"url":"([^"]+)"/.exec(log)?.[1], 20_000)
}

const tlsFlags = ['--tls-cert', join(TLS, 'first.crt'), '--tls-key', join(TLS, 'first.key')]

function serving(server: Server): Promise<number> {
  servers.add(server)
  server.on('connection', (socket: Socket) => sockets.add(socket))
  return listening(server)
}

const pipe = (one: Socket, two: Socket): void => {
  one.pipe(two).on('error', () => one.destroy())
  two.pipe(one).on('error', () => two.destroy())
}

/** Runs a command on a new deployment whose agent has this environment. */
async function roundTrip(url: string, name: string, agentEnv: Record<string, string>): Promise<void> {
  const created = await alienJson(['deployments', 'create', name, '--url', url], asVendor)
  void startAgent({ TEMPORAL_ADDRESS: '', ALIEN_TOKEN: String(created['agentToken']), ...agentEnv })
  const invoked = await alien(
    ['commands', 'invoke', '--url', url, '--deployment', name, '--command', 'echo', '--params', '{"value":42}'],
    asVendor,
  )
  expect(invoked).toMatchObject({ exitCode: 0, stdout: '42' })
}

test('TLS, on the one port', async () => {
  expect(url).toMatch(/^https:/)
  await roundTrip(url, 'over-tls', { ALIEN_URL: url, ...trust })
})

test('a certificate that nobody vouches for is said to be that, at once', async () => {
  const agent = startAgent({ ALIEN_URL: url, ALIEN_TOKEN: 'agt_x' })
  let log = ''
  agent.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const ended = await eventually('it says so', () => /the agent ended: ([^"]+)/.exec(log)?.[1])
  expect(ended).toBe(
    `cannot reach the control plane at ${url}: unable to verify the first certificate; name the certificate authority that is missing in NODE_EXTRA_CA_CERTS`,
  )
})

test('a proxy at the customer’s, for all of it', async () => {
  const tunnels: string[] = []
  const proxy = createHttpServer()
  proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
    const { url: target = '', headers } = request
    tunnels.push(`${target} ${headers['proxy-authorization'] ?? ''}`)
    const upstream = connect(Number(target.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      pipe(socket, upstream)
    })
  })
  const port = await serving(proxy)
  // An address that only the proxy knows.
  const hidden = url.replace('127.0.0.1', 'localhost')
  await roundTrip(url, 'through-a-proxy', {
    ALIEN_URL: hidden,
    HTTPS_PROXY: `http://user:pass@127.0.0.1:${port}`,
    ...trust,
  })
  const target = `${new URL(hidden).host} Basic ${Buffer.from('user:pass').toString('base64')}`
  expect(tunnels).toStrictEqual([target, target])
})

test('NO_PROXY goes past the proxy', async () => {
  await roundTrip(url, 'past-a-proxy', {
    ALIEN_URL: url,
    HTTPS_PROXY: 'http://127.0.0.1:1',
    NO_PROXY: '127.0.0.1',
    ...trust,
  })
})

test('a proxy at the vendor’s that ends TLS and passes plain text on', async () => {
  const proxy = createTlsServer(
    {
      cert: await readFile(join(TLS, 'second.crt')),
      key: await readFile(join(TLS, 'second.key')),
      ALPNProtocols: ['http/1.1', 'h2'],
    },
    (socket) => {
      const upstream = connect(Number(new URL(plainUrl).port), '127.0.0.1')
      pipe(socket, upstream)
    },
  )
  const outside = `https://127.0.0.1:${await serving(proxy)}`
  await roundTrip(outside, 'behind-a-proxy', { ALIEN_URL: outside, ...trust })
})

test('plain text to another machine is refused unless it is asked for', async () => {
  const args = ['agent', 'start', 'tests/fixtures/handlers.ts', '--url', 'http://commands.vendor.example']
  const { exitCode, stderr } = await alien(args, { ALIEN_TOKEN: 'agt_x' })
  expect(exitCode).toBe(2)
  expect(stderr).toBe(
    'error invalid_request: http://commands.vendor.example would send the agent token and all results in plain text; use https, or --insecure-plaintext on a network that is private',
  )
})

test('a token in a file is replaced under the running agent', async () => {
  const asAdmin = { ALIEN_TOKEN: apiKey }
  const { id, agentToken } = await alienJson(['deployments', 'create', 'rotating', '--url', plainUrl], asAdmin)
  const file = join(folder, 'token')
  await writeFile(file, `${String(agentToken)}\n`)
  void startAgent({ ALIEN_URL: plainUrl, ALIEN_TOKEN_FILE: file, TEMPORAL_ADDRESS: '' })
  const client = new CommandsClient({ deploymentId: String(id), token: apiKey, url: plainUrl })
  const before = await client.invoke('pid')

  const listed = await alienJson(['tokens', 'list', '--deployment', 'rotating', '--url', plainUrl], asAdmin)
  const [old] = listed as unknown as { id: string }[]
  const next = await alienJson(['tokens', 'create', '--agent', 'rotating', '--url', plainUrl], asAdmin)
  await writeFile(`${file}.new`, String(next['token']))
  await rename(`${file}.new`, file)
  await alien(['tokens', 'revoke', old?.id ?? '', '--url', plainUrl], asAdmin)
  // Its polls end with the old token, and are made again with the new one, by the same process.
  const connection = await Connection.connect({ address: temporal.address })
  const { workflow } = new TemporalClient({ connection })
  await eventually('work is taken with the new token', async () => {
    const handle = await client.start('pid')
    expect(await handle.result()).toBe(before)
    const { events } = await workflow.getHandle(handle.id).fetchHistory()
    const identities = events?.map((event) => event.activityTaskStartedEventAttributes?.identity)
    return identities?.includes(`agent/rotating/${String(next['id'])}`) === true ? true : undefined
  })
  await connection.close()
})

/** Ports that a process listens on, as Linux has them. */
async function listeningPorts(pid: number): Promise<number[]> {
  const fds = await readdir(`/proc/${pid}/fd`)
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]))
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')))
  return tables
    .flatMap((table) => table.trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === LISTEN && inodes.has(inode))
    .map(([, local]) => parseInt(local?.split(':')[1] ?? '', 16))
}

const LISTEN = '0A'

test.runIf(process.platform === 'linux')('an agent listens on no port', async () => {
  const asAdmin = { ALIEN_TOKEN: apiKey }
  const { id, agentToken } = await alienJson(['deployments', 'create', 'silent', '--url', plainUrl], asAdmin)
  const supervisor = startAgent({ ALIEN_URL: plainUrl, ALIEN_TOKEN: String(agentToken), TEMPORAL_ADDRESS: '' })
  const supervisorPid = supervisor.pid ?? 0
  const client = new CommandsClient({ deploymentId: String(id), token: apiKey, url: plainUrl })
  const agentPid = await client.invoke<number>('pid')
  expect(await listeningPorts(agentPid)).toStrictEqual([])
  expect(await listeningPorts(supervisorPid)).toStrictEqual([])
  // The same look at a process that does listen.
  const port = await serving(createHttpServer())
  expect(await listeningPorts(process.pid)).toContain(port)
})
