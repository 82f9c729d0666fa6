/** Separate processes, as in production: `alien server`, `alien agent start`, and a Temporal that outlives them. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { execa } from 'execa'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dial, GREETING, grpcHeaders, headerBlock, wholeCall } from '../attack/http2-peer.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer, type DevServer } from '../temporal/dev-server.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { ownPort } from './support/port.js'

const apiKey = `key_${randomBytes(32).toString('base64url')}`
let folder: string
let temporal: DevServer
let url: string
let port: number
const running = new Set<AlienProcess>()

const spawnAlien = (args: string[], env: Record<string, string>) =>
  execa('node', ['dist/cli/main.js', ...args], {
    env: { ALIEN_STATE_DIR: folder, TEMPORAL_ADDRESS: temporal.address, ALIEN_API_KEY: apiKey, ...env },
    reject: false,
    forceKillAfterDelay: 20_000,
  })

type AlienProcess = ReturnType<typeof spawnAlien>

const alien = (args: string[], env: Record<string, string> = {}): AlienProcess => {
  const child = spawnAlien(args, env)
  running.add(child)
  void child.finally(() => running.delete(child))
  return child
}

/** In an object, for a promise of the process itself would wait for its end. */
const startServer = async (): Promise<{ server: AlienProcess }> => {
  const server = alien(['server', '--port', String(port)])
  await eventually('the server is ready', async () => {
    const ready = await fetch(`${url}/readyz`).catch(() => undefined)
    return ready?.ok === true ? true : undefined
  })
  return { server }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-restart-'))
  const { path } = await resolveTemporalBinary()
  temporal = await startDevServer({ binaryPath: path })
  port = await ownPort()
  url = `http://127.0.0.1:${port}`
})

afterAll(async () => {
  for (const child of running) child.kill('SIGTERM')
  await Promise.all(running)
  await temporal.stop()
  await rm(folder, { recursive: true, force: true })
})

test('a client that waits goes on when the server is killed and started again', async () => {
  const { server } = await startServer()
  const { body: deployment } = await callApi({ url }, apiKey, 'POST', '/v1/deployments', { name: 'acme-corp' })
  const agent = alien(['agent', 'start', 'tests/fixtures/handlers.ts'], {
    ALIEN_URL: url,
    ALIEN_TOKEN: String(deployment.agentToken),
  })
  const client = new CommandsClient({ deploymentId: 'acme-corp', token: apiKey, url })
  const file = join(folder, 'runs')
  await client.invoke('count', { file, line: 'warm' })

  const waiting = client.invoke('sleep', { ms: 3_000 })
  const before = await client.start('count', { file, line: 'started before' })
  server.kill('SIGKILL')
  await server
  // Started while nobody is there to hear it: tried again until somebody is.
  const early = client.invoke('count', { file, line: 'while down' })
  await startServer()

  expect(await waiting).toBe('slept')
  expect(await early).toBe('while down')
  expect(await before.result()).toBe('started before')
  expect((await readFile(file, 'utf8')).split('\n').sort()).toStrictEqual(['', 'started before', 'warm', 'while down'])

  agent.kill('SIGTERM')
  expect((await agent).exitCode).toBe(0)
})

test('a restarted control plane has its agents back in seconds, and no result is lost', async () => {
  const [server] = running
  const { body: deployment } = await callApi({ url }, apiKey, 'POST', '/v1/deployments', { name: 'globex' })
  const agent = alien(['agent', 'start', 'tests/fixtures/handlers.ts'], {
    ALIEN_URL: url,
    ALIEN_TOKEN: String(deployment.agentToken),
  })
  const client = new CommandsClient({ deploymentId: 'globex', token: apiKey, url })
  const file = join(folder, 'over-a-restart')
  await client.invoke('echo', { value: 'warm' })
  // Ends while there is no control plane, or while the next one starts.
  const { id } = await client.start('count-after', { file, line: 'ran', ms: 1_500 })
  await eventually('it runs', async () => ((await client.getInvocation(id).status()) === 'running' ? true : undefined))

  server?.kill('SIGTERM')
  expect((await server)?.exitCode).toBe(0)
  await startServer()
  const readyAtMs = performance.now()
  expect(await client.invoke('echo', { value: 'back' })).toBe('back')
  expect(performance.now() - readyAtMs).toBeLessThan(10_000)
  expect(await client.getInvocation(id).result()).toBe(1)
  expect(await readFile(file, 'utf8')).toBe('ran\n')

  agent.kill('SIGTERM')
  expect((await agent).exitCode).toBe(0)
})

test('a drained server answers what it holds, and ends with 0', async () => {
  const [server] = running
  const client = new CommandsClient({ deploymentId: 'acme-corp', token: apiKey, url })
  const { id } = await client.start('sleep', { ms: 60_000 })
  const held = callApi({ url }, apiKey, 'GET', `/v1/invocations/${id}?wait=50s`)
  await eventually('the request is held', async () => {
    const { body } = await callApi({ url }, undefined, 'GET', '/readyz')
    return body.status === 'ready' ? true : undefined
  })
  server?.kill('SIGTERM')
  const { status, body } = await held
  expect(status).toBe(202)
  expect(body).toMatchObject({ id, status: 'queued' })
  expect((await server)?.exitCode).toBe(0)
})

test('a server drains while an agent floods it with calls, and ends with 0', async () => {
  const { server } = await startServer()
  const { body: deployment } = await callApi({ url }, apiKey, 'POST', '/v1/deployments', { name: 'evil-corp' })
  const headers = headerBlock(grpcHeaders('/any/Method', ['authorization', `Bearer ${String(deployment.agentToken)}`]))
  let isOver = false
  let endedConnections = 0
  const flood = async (): Promise<void> => {
    while (!isOver) {
      const { socket, gone } = await dial({ host: '127.0.0.1', port })
      socket.write(GREETING)
      for (let index = 0; socket.writable; index += 1) {
        socket.write(wholeCall(index, headers))
        if (index % 10 === 0) await setImmediate()
      }
      await gone
      endedConnections += 1
    }
  }
  const floods = Array.from({ length: 4 }, flood)
  await eventually('they are more than it takes', () => Promise.resolve(endedConnections >= 4 ? true : undefined))
  server.kill('SIGTERM')
  expect(await server).toMatchObject({ exitCode: 0 })
  isOver = true
  await Promise.all(floods)
})

test('a server without Temporal says where it looked', async () => {
  const nowhere = `127.0.0.1:${await ownPort()}`
  const { exitCode, stderr } = await alien(['server', '--port', '0'], { TEMPORAL_ADDRESS: nowhere })
  expect(exitCode).toBe(8)
  expect(stderr).toContain(`cannot reach Temporal at ${nowhere}: `)
  expect(stderr).toContain('check TEMPORAL_ADDRESS')
})

test('a port in use is named', async () => {
  const taken = temporal.address.split(':')[1] ?? ''
  const { exitCode, stderr } = await alien(['server', '--port', taken])
  expect(exitCode).not.toBe(0)
  expect(stderr).toContain(`port ${taken} is already in use; stop what holds it, or choose another with --port`)
})
