/** Ctrl-C at `alien commands invoke`, and `alien commands cancel`: the invocation is left, or canceled, and the user is told. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { execa } from 'execa'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alien, CLI, cliEnv } from './support/cli.js'
import { eventually } from './support/eventually.js'
import { errorOf, lines } from './support/outcome.js'
import { startOnTerminal } from './support/terminal.js'

let stack: TestStack
let folder: string
let calls = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-interrupt-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

/** By then it has its answer to the start, and so knows what to do when it is interrupted. */
const WAITS = 'until-aborted on acme-corp'

/** A call whose handler runs until it is told to stop, once that has begun, and is waited for. */
async function startInvoke(...flags: string[]) {
  const file = join(folder, String((calls += 1)))
  const key = file
  const invoke = ['commands', 'invoke', '--deployment', 'acme-corp', '--command', 'until-aborted']
  const args = [CLI, ...invoke, '--params', JSON.stringify({ file }), '--idempotency-key', key, ...flags]
  const env = cliEnv({ ALIEN_URL: stack.state.url, ALIEN_TOKEN: stack.state.token })
  const child = execa(process.execPath, args, { cwd: folder, env, extendEnv: false, reject: false, stdin: 'ignore' })
  let shown = ''
  child.stderr.on('data', (text: Buffer) => (shown += text.toString()))
  await eventually('the handler starts', async () => (await lines(file))[0])
  await eventually('it says that it waits', () => (shown.includes(WAITS) ? true : undefined))
  const handle = await stack.client().start('until-aborted', { file }, { idempotencyKey: key })
  return { child, handle, file }
}

test('leaves it running where nobody can be asked', async () => {
  const { child, handle } = await startInvoke()
  child.kill('SIGINT')
  const { exitCode, stdout, stderr } = await child
  expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' })
  expect(stderr).toContain(`left running; follow it with: alien commands watch ${handle.id}`)
  expect(await handle.status()).toBe('running')
  await handle.cancel()
})

test.each([[[]], [['--json']]])('cancels it with --on-interrupt cancel %j', async (more) => {
  const { child, handle, file } = await startInvoke('--on-interrupt', 'cancel', ...more)
  child.kill('SIGINT')
  const { exitCode, stderr } = await child
  expect(exitCode).toBe(5)
  expect(stderr).toContain(`asked ${handle.id} to stop; once more Ctrl-C leaves it`)
  expect(await handle.status()).toBe('canceled')
  expect(await lines(file)).toHaveLength(2)
})

/** The same at a terminal, once Ctrl-C was typed and the question is there. */
async function interruptAtTerminal() {
  const file = join(folder, String((calls += 1)))
  const invoke = ['commands', 'invoke', '--deployment', 'acme-corp', '--command', 'until-aborted']
  const args = [process.execPath, CLI, ...invoke, '--params', JSON.stringify({ file }), '--idempotency-key', file]
  const env = { ALIEN_URL: stack.state.url, ALIEN_TOKEN: stack.state.token }
  const child = startOnTerminal(args, { cwd: folder, env })
  let screen = ''
  child.stdout.on('data', (shown: Buffer) => (screen += shown.toString()))
  await eventually('the handler starts', async () => (await lines(file))[0])
  await eventually('it says that it waits', () => (screen.includes(WAITS) ? true : undefined))
  const handle = await stack.client().start('until-aborted', { file }, { idempotencyKey: file })
  child.stdin.write('\x03')
  const question = `cancel ${handle.id}, or leave it running? [c/L] `
  await eventually('the question is asked', () => (screen.includes(question) ? true : undefined))
  return { child, handle }
}

test.each([
  ['c\n', 5, 'canceled'],
  ['\n', 130, 'running'],
  ['\x03', 130, 'running'],
])('asks at a terminal, where %j ends it with %d and the invocation is %s', async (typed, exitCode, status) => {
  const { child, handle } = await interruptAtTerminal()
  child.stdin.write(typed)
  expect((await child).exitCode).toBe(exitCode)
  expect(await handle.status()).toBe(status)
  await handle.cancel()
})

test('does not wait for an answer when the invocation has ended', async () => {
  const { child, handle } = await interruptAtTerminal()
  await handle.cancel({ reason: 'by somebody else' })
  const { exitCode, stdout } = await child
  expect(exitCode).toBe(5)
  expect(stdout).toContain('by somebody else')
})

describe('alien commands cancel', () => {
  const cancel = (...args: string[]) =>
    alien(['commands', 'cancel', ...args], {
      cwd: folder,
      env: { ALIEN_URL: stack.state.url, ALIEN_TOKEN: stack.state.token },
    })

  test('prints the verdict, and says on stderr what it means', async () => {
    const file = join(folder, String((calls += 1)))
    const handle = await stack.client().start('until-aborted', { file })
    await eventually('the handler starts', async () => (await lines(file))[0])
    const { exitCode, stdout, stderr } = await cancel(handle.id, '--reason', 'wrong database')
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'stopped' })
    expect(stderr).toContain('canceled; its handler stopped')
    expect((await handle.describe()).error?.message).toContain('(wrong database)')
  })

  test('as JSON, with the invocation as it is', async () => {
    const handle = await stack.client().start('echo', { value: 1 })
    await handle.result()
    const { exitCode, stdout } = await cancel(handle.id, '--json')
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'finished_first',
      invocation: { id: handle.id, status: 'succeeded' },
    })
  })

  test('ends with 6 where what became of the handler is unknown', async () => {
    const handle = await stack.client().start('sleep', { ms: 60_000 }, { timeoutMs: 300 })
    await errorOf(handle.result())
    const { exitCode, stdout, stderr } = await cancel(handle.id)
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: 'unknown' })
    expect(stderr).toContain(`whether it does is unknown; see: alien commands get ${handle.id}`)
  })
})
