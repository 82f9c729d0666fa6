import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { AgentMessage } from './agent-exit.js'

// As built: handlers register with the copy of the package that they import.
const MAIN = fileURLToPath(new URL('../dist/workers/agent-main.js', import.meta.url))

interface Ended {
  readonly code: number
  readonly messages: readonly AgentMessage[]
  readonly stderr: string
}

async function runAgent(handlers: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-agent-'))
  const bundle = join(folder, 'handlers.mjs')
  await writeFile(bundle, handlers)
  const child = fork(MAIN, [bundle], { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const messages: AgentMessage[] = []
  child.on('message', (message: AgentMessage) => messages.push(message))
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  await rm(folder, { recursive: true })
  return { code, messages, stderr }
}

/** Said once to the supervisor, and once in the log. */
const misconfigured = (reason: unknown) => ({
  code: 78,
  messages: [{ kind: 'failed', reason }],
  stderr: expect.stringMatching(/^\{"level":50,.*\}\n$/) as unknown,
})

const ENV = { ALIEN_URL: 'http://127.0.0.1:1', ALIEN_TOKEN: 'agt_1' }
const HANDLERS = `import { command } from '${import.meta.resolve('@alienplatform/sdk')}'; command('a', () => 1)`

test.concurrent('handlers that throw while they are loaded end the agent, with where they did', async () => {
  const ended = await runAgent(`\nthrow new Error('no region')`, ENV)
  expect(ended).toEqual(
    misconfigured(
      expect.stringMatching(
        /^the handlers' module threw while it was loaded: Error: no region\n {4}at file:\/\/.*handlers\.mjs:2:7/,
      ),
    ),
  )
})

test.concurrent('a module without commands ends the agent', async () => {
  expect(await runAgent('export {}', ENV)).toEqual(
    misconfigured("the handlers' module defines no command; call command(name, handler) in it"),
  )
})

test.concurrent('a promise that nobody awaited is logged without its message, and ends nothing', async () => {
  const handlers = `void Promise.reject(new TypeError('hunter2')); await new Promise((done) => setTimeout(done, 50))`
  const { code, stderr } = await runAgent(handlers, ENV)
  expect(code).toBe(78)
  expect(stderr).toMatch(/"at":\["    at file:.*a promise was rejected \(TypeError\), and nobody had awaited it/)
  expect(stderr).not.toContain('hunter2')
})

test.concurrent('links that a built function brings end the agent when nothing configures them', async () => {
  const links = JSON.stringify([{ kind: 'vault', name: 'credentials' }])
  const ended = await runAgent(`process.env.ALIEN_LINKS ||= '${links}'; ${HANDLERS}`, ENV)
  expect(ended).toEqual(
    misconfigured(
      expect.stringMatching(/^a binding is wrong:\n {2}vault "credentials" is not configured: set ALIEN_CREDENTIALS_/),
    ),
  )
})

test.concurrent('two commands of one name end the agent', async () => {
  expect(await runAgent(`${HANDLERS}; command('a', () => 2)`, ENV)).toEqual(
    misconfigured('command "a" is defined twice; give one of the two another name'),
  )
})

test.concurrent('a policy file that is missing ends the agent before the handlers are loaded', async () => {
  const ended = await runAgent(`process.stderr.write('loaded'); ${HANDLERS}`, { ...ENV, ALIEN_POLICY: '/nowhere.json' })
  expect(ended).toEqual(
    misconfigured(
      'there is no policy file /nowhere.json; write one, {} allows everything, or name another with --policy or ALIEN_POLICY',
    ),
  )
})

test.concurrent('a token that is missing ends the agent', async () => {
  expect(await runAgent(HANDLERS, { ALIEN_URL: ENV.ALIEN_URL })).toEqual(
    misconfigured(
      'no agent token: set ALIEN_TOKEN, or pass --token or --token-file; "alien deployments create" shows one',
    ),
  )
})

test.concurrent('a token that the control plane refuses ends the agent', async () => {
  const body = { error: { code: 'unauthenticated', message: 'the agent token is not valid' } }
  const server = createServer((_, response) => response.writeHead(401).end(JSON.stringify(body)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await runAgent(HANDLERS, { ...ENV, ALIEN_URL: url })).toEqual(misconfigured('the agent token is not valid'))
  server.close()
  await once(server, 'close')
})
