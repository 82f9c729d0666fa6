/** `alien doctor`: of set-ups that are broken in one place each, it names that place and what to do about it. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, request, type IncomingMessage } from 'node:http'
import { connect, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listening } from './support/listening.js'
import { alien } from './support/cli.js'
import { selfSigned } from './support/certificates.js'
import { doctor, expectCulprit, type Broken, type Report } from './support/doctor.js'
import { startFragileControlPlane, type FragileControlPlane } from './support/fragile-control-plane.js'
import { callApi } from './support/http.js'
import { ownPort } from './support/port.js'
import { startPostgres, type TestPostgres } from './support/postgres.js'
import type { Cut } from './support/tcp-proxy.js'

const TLS = resolve('tests/fixtures/tls')
const TRUST = { NODE_EXTRA_CA_CERTS: join(TLS, 'ca.crt') }

let stack: TestStack
let folder: string
let agentToken: string
let postgres: TestPostgres
const servers: Server[] = []
const sockets = new Set<Socket>()
const fragile: FragileControlPlane[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-doctor-'))
  postgres = await startPostgres()
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
  const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name: 'away' })
  agentToken = String(body.agentToken)
})

afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  await Promise.all(fragile.map((controlPlane) => controlPlane[Symbol.asyncDispose]()))
  await postgres.stop()
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

function serving(server: Server, host = '127.0.0.1'): Promise<number> {
  servers.push(server)
  server.on('connection', (socket: Socket) => sockets.add(socket))
  return listening(server, host)
}

function pipe(one: Socket, two: Socket): void {
  sockets.add(two)
  one.pipe(two).on('error', () => one.destroy())
  two.pipe(one).on('error', () => two.destroy())
}

/** Ends TLS before the stack, and hands on what is in it. */
async function behindTls(certFile: string, keyFile: string, host?: string): Promise<number> {
  const [cert, key] = await Promise.all([certFile, keyFile].map((file) => readFile(file)))
  const server = createTlsServer({ cert, key, ALPNProtocols: ['http/1.1', 'h2'] }, (socket) => {
    const onward = connect(Number(new URL(stack.state.url).port), '127.0.0.1')
    pipe(socket, onward)
  })
  server.on('tlsClientError', () => undefined)
  return serving(server, host)
}

const withFixture = (name: 'first' | 'expired', host?: string): Promise<number> =>
  behindTls(join(TLS, `${name}.crt`), join(TLS, `${name}.key`), host)

/** A reverse proxy that knows HTTP/1.1 only. @param readyz the status by which it answers that itself */
const oldProxy = (readyz?: number): Promise<number> =>
  serving(
    createHttpServer((incoming, outgoing) => {
      const { method, url, headers } = incoming
      if (readyz !== undefined && url === '/readyz') {
        outgoing.writeHead(readyz, { 'content-type': 'text/html' }).end('<html></html>')
        return
      }
      incoming.socket.on('error', () => undefined)
      const onward = request(stack.state.url + String(url), { method, headers }, (answer: IncomingMessage) => {
        outgoing.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(outgoing)
      })
      incoming.pipe(onward)
    }),
  )

/** A customer's proxy, which answers CONNECT with this status. */
const proxyThatSays = (status: number): Promise<number> =>
  serving(
    createHttpServer().on('connect', ({ url }: IncomingMessage, socket: Socket) => {
      socket.write(`HTTP/1.1 ${status} as told\r\n\r\n`)
      if (status !== 200) {
        socket.end()
        return
      }
      const [host, port] = String(url).split(':')
      const onward = connect(Number(port), host)
      pipe(socket, onward)
    }),
  )

/** A control plane that runs on after what it needs has gone. */
async function cutOff(part: 'postgres' | 'temporal', how: Cut): Promise<Broken> {
  const token = `key_${'x'.repeat(43)}`
  const controlPlane = await startFragileControlPlane({
    databaseUrl: await postgres.createDatabase(),
    temporalAddress: stack.state.temporalAddress,
    apiKey: { name: 'of-the-doctor', token },
  })
  fragile.push(controlPlane)
  controlPlane[part].cut(how)
  return { args: ['--url', controlPlane.url, '--deployment', 'acme-corp'], env: { ALIEN_TOKEN: token } }
}

const examined = (args: readonly string[], env: Record<string, string> = {}): Promise<Report> =>
  doctor(args, { cwd: folder, env: { ALIEN_TOKEN: stack.state.token, NO_PROXY: '', no_proxy: '', ...env } })

describe.concurrent('where nothing is wrong', () => {
  test('an API key sees all of it', async () => {
    const { ok, findings } = await examined(['--url', stack.state.url, '--deployment', 'acme-corp'])
    expect(ok).toBe(true)
    expect(findings.map(({ check, level }) => `${check}: ${level}`)).toEqual(
      ['url', 'dns', 'tcp', 'control plane', 'clock', 'ready', 'http/2', 'token', 'agents', 'canary'].map(
        (one) => `${one}: ok`,
      ),
    )
    expect(findings.find(({ check }) => check === 'token')?.message).toBe(
      'API key "development" may admin, on deployments *, commands *',
    )
  })

  test('a customer too, through TLS and a proxy', async () => {
    const [port, proxy] = await Promise.all([withFixture('first'), proxyThatSays(200)])
    const env = { ...TRUST, ALIEN_TOKEN: agentToken, HTTPS_PROXY: `http://127.0.0.1:${proxy}` }
    const { ok, findings } = await examined(['--url', `https://localhost:${port}`], env)
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([])
    expect(ok).toBe(true)
    expect(findings.map(({ check }) => check)).toEqual([
      'url',
      'proxy',
      'tls',
      'control plane',
      'clock',
      'ready',
      'http/2',
      'token',
    ])
    expect(findings.at(-1)?.message).toMatch(/^it is for agents of "away" \(dep_[a-z2-7]{20}\)$/)
  })

  test('the token may be in a file, the URL in the configuration; what is empty is not set', async () => {
    const [config, file] = [join(folder, 'agent.config.json'), join(folder, 'token')]
    await writeFile(config, JSON.stringify({ agent: { url: stack.state.url } }))
    await writeFile(file, `${agentToken}\n`)
    const env = { ALIEN_CONFIG: config, ALIEN_URL: '', ALIEN_TOKEN: '', ALIEN_TOKEN_FILE: '' }
    const { ok, findings } = await examined(['--token-file', file], env)
    expect([ok, findings[0]?.message]).toStrictEqual([true, stack.state.url])
    expect(findings.at(-1)?.message).toMatch(/^it is for agents of "away"/)
    expect((await examined([], { ...env, ALIEN_TOKEN: agentToken })).ok).toBe(true)
  })

  test('a key that ends soon is warned of', async () => {
    const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/tokens', {
      kind: 'api-key',
      name: 'ending',
      scopes: ['read'],
      expires: '1d',
    })
    const { findings } = await examined(['--url', stack.state.url], { ALIEN_TOKEN: String(body.token) })
    expect(findings.find(({ check }) => check === 'token')).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/^API key "ending" may read, .*, until \d{4}-/) as string,
      remedy: 'have it rotated: alien tokens rotate',
    })
  })

  test('a certificate that ends soon is warned of', async () => {
    const { certFile, keyFile } = await selfSigned(folder, 'ending', 10)
    const port = await behindTls(certFile, keyFile)
    const { ok, findings } = await examined(['--url', `https://localhost:${port}`], { NODE_EXTRA_CA_CERTS: certFile })
    expect([ok, findings.find(({ check }) => check === 'tls')]).toMatchObject([
      true,
      {
        level: 'warning',
        message: 'certificate of ending, good for 9 days',
        remedy: 'renew it; the control plane reads the file again when it changes',
      },
    ])
  })

  test.each([
    ['3d', 'warning', "have it rotated: alien tokens rotate, on the vendor's side"],
    ['30d', 'ok', undefined],
  ])('a customer sees that the agent token ends in %s', async (expires, level, remedy) => {
    const token = { kind: 'agent-token', deployment: 'away', name: expires, expires }
    const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/tokens', token)
    const { findings } = await examined(['--url', stack.state.url], { ALIEN_TOKEN: String(body.token) })
    const told = findings.find(({ check }) => check === 'token')
    expect(told?.message).toMatch(
      /^it is for agents of "away" \(dep_\w+\), until \d{4}-\S+Z, which is in (2\.99|3|29\.99|30)d$/,
    )
    expect([told?.level, told?.remedy]).toStrictEqual([level, remedy])
  })

  test('people read a line for each', async () => {
    const env = { ALIEN_TOKEN: stack.state.token }
    const { stdout, exitCode } = await alien(['doctor', '--url', stack.state.url], { cwd: folder, env })
    expect(stdout.split('\n')[0]).toBe(`ok       url                ${stack.state.url}`)
    expect(stdout).toContain('warning  agents             1 of 2 deployments with agents are online; offline: away')
    expect(exitCode).toBe(0)
  })
})

/** What is broken, how it is made, the check that finds it, and what that says. */
const BROKEN: readonly [string, () => Promise<Broken>, string, RegExp][] = [
  [
    'the wrong port',
    async () => ({ args: ['--url', `http://127.0.0.1:${await ownPort()}`] }),
    'tcp',
    /cannot be reached: connect ECONNREFUSED.* → see whether the control plane runs, and on that port$/,
  ],
  [
    'a name that nobody has',
    () => Promise.resolve({ args: ['--url', 'https://alien.invalid'] }),
    'dns',
    /"alien.invalid"/,
  ],
  [
    'plain text over the network',
    () => Promise.resolve({ args: ['--url', 'http://192.0.2.1:7700'] }),
    'url',
    /^http:\/\/192.0.2.1:7700 is plain text.* → use https/,
  ],
  [
    'a certificate that has expired',
    async () => ({
      args: ['--url', `https://localhost:${await withFixture('expired')}`],
      env: { NODE_EXTRA_CA_CERTS: join(TLS, 'expired.crt') },
    }),
    'tls',
    /^certificate has expired → renew/,
  ],
  [
    'an authority that this machine does not know',
    async () => ({ args: ['--url', `https://localhost:${await withFixture('first')}`] }),
    'tls',
    / → name the certificate authority in NODE_EXTRA_CA_CERTS/,
  ],
  [
    'a name that is not in the certificate',
    async () => ({ args: ['--url', `https://127.0.0.2:${await withFixture('first', '127.0.0.2')}`], env: TRUST }),
    'tls',
    /127\.0\.0\.2.* → use a name that is in the certificate/,
  ],
  [
    'https to a port without',
    () => Promise.resolve({ args: ['--url', stack.state.url.replace('http:', 'https:')] }),
    'tls',
    /^TLS: (wrong version number|packet length too long) → what listens there speaks no TLS/,
  ],
  [
    'http to a port with TLS',
    async () => ({ args: ['--url', `http://localhost:${await withFixture('first')}`] }),
    'control plane',
    / → see whether the URL, with its port, is that of a control plane, and whether it should begin with https:\/\/$/,
  ],
  [
    'another server',
    () => Promise.resolve({ args: ['--url', String(stack.state.temporalUi)] }),
    'control plane',
    /answers \d+, and not as a control plane does → see whether the URL, with its port/,
  ],
  ...([403, 407, 502] as const).map((status): (typeof BROKEN)[number] => [
    `a proxy that answers ${status}`,
    async () => ({
      args: ['--url', 'https://alien.example.com'],
      env: { HTTPS_PROXY: `http://127.0.0.1:${await proxyThatSays(status)}` },
    }),
    'proxy',
    new RegExp(
      `does not lead to alien.example.com:443: it answered ${status} to CONNECT.* → ` +
        { 403: 'have it allow', 407: 'give its user', 502: 'see whether the proxy reaches' }[status],
    ),
  ]),
  [
    'a proxy that is not there',
    async () => ({
      args: ['--url', 'https://alien.example.com'],
      env: { HTTPS_PROXY: `http://127.0.0.1:${await ownPort()}` },
    }),
    'proxy',
    /ECONNREFUSED.* → correct HTTPS_PROXY/,
  ],
  [
    'something on the way that knows no HTTP/2',
    async () => ({ args: ['--url', `http://127.0.0.1:${await oldProxy()}`] }),
    'http/2',
    /^HTTP\/2 does not get through: .* → agents speak gRPC/,
  ],
  [
    'a clock that is 10 minutes ahead',
    async () => {
      const clock = join(folder, 'clock')
      await writeFile(clock, '600000')
      const preload = pathToFileURL(resolve('chaos/shift-clock.js')).href
      return { args: ['--url', stack.state.url], env: { CHAOS_CLOCK: clock, NODE_OPTIONS: `--import=${preload}` } }
    },
    'clock',
    /^this machine's clock is \S+m ahead of the control plane's → set both by NTP$/,
  ],
  [
    'a token that was revoked',
    async () => {
      const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/tokens', {
        kind: 'api-key',
        name: 'revoked',
        scopes: ['read'],
      })
      await callApi(stack.state, stack.state.token, 'DELETE', `/v1/tokens/${body.id}`)
      return { args: ['--url', stack.state.url], env: { ALIEN_TOKEN: String(body.token) } }
    },
    'token',
    /^the API key is refused: .*revoked.* → have another made: alien tokens create/,
  ],
  [
    'an agent token that nobody issued',
    () => Promise.resolve({ args: ['--url', stack.state.url], env: { ALIEN_TOKEN: `agt_${'x'.repeat(43)}` } }),
    'token',
    /^the agent token is refused: .* → have another made/,
  ],
  ...['agt_nobody\n', 'key_nobody\n', 'agt_ä€'].map((token): (typeof BROKEN)[number] => [
    `a token with more around it, ${JSON.stringify(token)}`,
    () => Promise.resolve({ args: ['--url', stack.state.url], env: { ALIEN_TOKEN: token } }),
    'token',
    /^the token has characters that no token has, as a line break at its end → set ALIEN_TOKEN to what was shown/,
  ]),
  [
    'no token',
    () => Promise.resolve({ args: ['--url', stack.state.url], env: { ALIEN_TOKEN: '' } }),
    'token',
    /^there is no token → set ALIEN_TOKEN/,
  ],
  [
    'a deployment whose agents are away',
    () => Promise.resolve({ args: ['--url', stack.state.url, '--deployment', 'away'] }),
    'agents',
    /offline: away \(last seen never\) → run alien doctor there, with the agent token$/,
  ],
  [
    'a deployment that is not there',
    () => Promise.resolve({ args: ['--url', stack.state.url, '--deployment', 'acme-crop'] }),
    'agents',
    /no deployment "acme-crop"; the nearest .*"acme-corp" → see alien deployments list/,
  ],
  ...(['refuse', 'hang'] as const).flatMap((how): (typeof BROKEN)[number][] => [
    [
      `a control plane whose Temporal died (${how})`,
      () => cutOff('temporal', how),
      'ready',
      /^the control plane is not ready: temporal: [^;]* → see whether Temporal runs and can be reached from there \(TEMPORAL_ADDRESS\)$/,
    ],
    [
      `a control plane whose registry died (${how})`,
      () => cutOff('postgres', how),
      'ready',
      /^the control plane is not ready: registry: [^;]* → see whether its database runs and can be reached from there \(DATABASE_URL\)$/,
    ],
  ]),
]

test.each([
  [403, 'have what answers on the way, a proxy or load balancer, pass all paths on to the control plane'],
  [429, 'this address asks too often: try again in a minute'],
])('a %d in place of what is ready is no control plane that is', async (status, remedy) => {
  const { findings } = await examined(['--url', `http://127.0.0.1:${await oldProxy(status)}`])
  expect(findings.find(({ check }) => check === 'ready')).toMatchObject({
    level: 'failure',
    message: `/readyz is answered with ${status}, and not as a control plane does`,
    remedy,
  })
})

test.concurrent.each(BROKEN)('%s is found, and nothing else', async (_, make, check, says) => {
  const { args, env } = await make()
  expectCulprit(await examined(args, env), check, says)
})
