/** An agent as a careful customer runs it: as nobody, without any right, on a file system that is read-only. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { execa } from 'execa'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { CLI } from './support/cli.js'
import { callApi } from './support/http.js'

const NOBODY = 65_534

/**
 * A mount namespace of its own, in which all is read-only but the folder $1; then the program as nobody. A mount that
 * cannot be made read-only (/proc, /dev) is not for nobody to write to.
 */
const CONFINE = `
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cut -d ' ' -f 2 /proc/mounts | while read -r at; do
  if [ "$at" != "$1" ]; then mount -o remount,bind,ro "$at" 2> /dev/null || true; fi
done
shift
exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"`

const confined = (folder: string, program: readonly string[], env: Record<string, string> = {}) =>
  execa('unshare', ['--mount', '--', 'sh', '-c', CONFINE, 'sh', folder, ...program], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  })

let stack: TestStack
let state: string

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: [] })
  state = await mkdtemp(join(tmpdir(), 'alien-state-'))
  await chmod(state, 0o777)
})

afterAll(async () => {
  await stack.close()
  await rm(state, { recursive: true, force: true })
})

/** Why nobody can be made to run our program here; `undefined` when that works. */
async function obstacle(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `needs Linux, this is ${process.platform}`
  const look = `require('node:fs').readFileSync(${JSON.stringify(CLI)})`
  const { failed, stderr } = await confined(state, [process.execPath, '-e', look])
  return failed ? `cannot run confined here (it takes root): ${stderr.trim().split('\n').at(-1) ?? ''}` : undefined
}

test('runs its commands, and writes to its state folder only', async (context) => {
  const why = await obstacle()
  if (why !== undefined) {
    process.stderr.write(`skipped: ${why}\n`)
    context.skip(why)
  }
  const created = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name: 'confined' })
  const handlers = resolve('tests/fixtures/confined.ts')
  const agent = confined(state, [process.execPath, CLI, 'agent', 'start', handlers, '--state-dir', state], {
    ALIEN_URL: stack.state.url,
    ALIEN_TOKEN: String(created.body.agentToken),
  })
  onTestFinished(async () => {
    agent.kill('SIGTERM')
    await once(agent, 'exit')
  })
  const paths = [
    join(state, 'note'),
    join(tmpdir(), 'alien-note'),
    resolve('tests/fixtures/note'),
    resolve('dist/note'),
  ]
  expect(await stack.client('confined').invoke('confines', { paths })).toStrictEqual({
    uid: NOBODY,
    capabilities: '0000000000000000',
    writes: Object.fromEntries(paths.map((path, index) => [path, index === 0 ? 'written' : 'EROFS'])),
  })
  expect((await readdir(state)).sort()).toStrictEqual(['build', 'journal', 'note'])
})
