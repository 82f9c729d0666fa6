/** What the command line shows of an invocation while it runs. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { InvocationEvent } from '../protocol/events.js'
import { alien, type CliAnswer } from './support/cli.js'
import { alienOnTerminal } from './support/terminal.js'

let stack: TestStack
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-watch-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/long-handlers.ts' })
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

const options = () => ({ cwd: folder, env: { ALIEN_URL: stack.state.url, ALIEN_TOKEN: stack.state.token } })
const run = (...args: string[]): Promise<CliAnswer> => alien(['commands', ...args], options())
const talk = ['--deployment', 'acme-corp', '--command', 'talk', '--params']

const LINE = /^\d\d:\d\d:\d\d\.\d{3} debug line (\d+) \{"line":\d+\}$/

describe('invoke', () => {
  test('shows nothing extra where stderr is no terminal', async () => {
    const { stdout, stderr } = await run('invoke', ...talk, '{"lines": 8, "waitMs": 150}')
    expect({ stdout, stderr }).toEqual({ stdout: '8', stderr: '' })
  })

  test('shows what the handler logs when asked to, of a short command too', async () => {
    const { stdout, stderr, exitCode } = await run('invoke', '--logs', ...talk, '{"lines": 3}')
    expect({ stdout, exitCode }).toEqual({ stdout: '3', exitCode: 0 })
    const shown = stderr.split('\n')
    expect(shown.slice(0, 3).map((line) => LINE.exec(line)?.[1])).toEqual(['1', '2', '3'])
    expect(shown[3]).toMatch(/ error that was all$/)
    expect(shown).toHaveLength(4)
  })

  test('shows a bar and the lines at a terminal', async () => {
    const file = join(folder, 'result')
    const args = ['commands', 'invoke', ...talk, '{"lines": 8, "waitMs": 500}']
    const shown = await alienOnTerminal(args, file, options())
    expect(shown).toMatch(/talk on acme-corp █+░* \d+ % {2}\d+\/8/)
    expect(shown).toContain('line 8')
    expect(await readFile(file, 'utf8')).toBe('8\n')
  })
})

describe('watch', () => {
  test('follows to the end, with the result on stdout', async () => {
    const { id } = await stack.client().start('talk', { lines: 4, waitMs: 100 })
    const { stdout, stderr, exitCode } = await run('watch', id)
    expect({ stdout, exitCode }).toEqual({ stdout: '4', exitCode: 0 })
    expect(stderr).toMatch(/line 4/)
  })

  test('gives JSON lines', async () => {
    const { id } = await stack.client().start('talk', { lines: 4, waitMs: 100 })
    const { stdout, stderr, exitCode } = await run('watch', id, '--json')
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    const events = stdout.split('\n').map((line) => JSON.parse(line) as InvocationEvent)
    expect(events.at(-1)).toEqual({ type: 'ended', id, status: 'succeeded', result: 4 })
    expect(events.filter(({ type }) => type === 'log')).toHaveLength(5)
  })

  test('ends with the exit code of the outcome', async () => {
    const { id } = await stack.client().start('keep', { keep: 1 }, { retry: { maxAttempts: 1 } })
    expect(await run('watch', id)).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('error command_failed: "keep" failed: no') as string,
    })
    expect(await run('watch', id, '--json')).toMatchObject({ exitCode: 1, stderr: '' })
  })

  test('of what is not there is a bad call', async () => {
    expect(await run('watch', 'inv_nowhere_0123456789abcdef')).toMatchObject({ exitCode: 2, stdout: '' })
    expect(await run('watch', 'nowhere')).toMatchObject({ exitCode: 2, stdout: '' })
  })
})
