import { setTimeout } from 'node:timers/promises'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runShell, type ShellOptions } from './shell.js'

let cwd: string

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'alien-shell-'))
})

afterAll(() => rm(cwd, { recursive: true, force: true }))

const never = new AbortController().signal

const run = (script: string, options: Partial<ShellOptions> = {}) =>
  runShell(script, { cwd, timeLimitMs: 30_000, signal: never, onLine: () => undefined, ...options })

/** A process that shows that it lives by making `file` again and again. */
const alive = (file: string): string => `(while true; do touch ${file}; sleep 0.05; done)`

async function expectGone(file: string): Promise<void> {
  await rm(join(cwd, file))
  await setTimeout(300)
  expect(await readdir(cwd)).not.toContain(file)
}

test('gives exit code and output, of both streams', async () => {
  expect(await run('echo one; echo two >&2; printf three; exit 3')).toEqual({
    exitCode: 3,
    timedOut: false,
    output: expect.stringMatching(/^(?=[^]*one)(?=[^]*two)(?=[^]*three)/) as string,
    truncated: false,
  })
})

test('tells each line while the script goes on', async () => {
  const stop = new AbortController()
  const lines: string[] = []
  const onLine = (line: string): void => {
    lines.push(line)
    if (line === 'two') stop.abort(new Error('enough'))
  }
  await expect(run('echo one; echo two; sleep 60; echo three', { onLine, signal: stop.signal })).rejects.toThrow(
    'enough',
  )
  expect(lines).toEqual(['one', 'two'])
})

test('is not even begun when it was canceled before', async () => {
  await expect(run('touch begun', { signal: AbortSignal.abort(new Error('canceled')) })).rejects.toThrow('canceled')
  expect(await readdir(cwd)).not.toContain('begun')
})

test('ends with its children when it is canceled, silent ones as well', async () => {
  const stop = new AbortController()
  const script = `${alive('child')} > /dev/null 2>&1 & until [ -e child ]; do sleep 0.05; done; echo ready; wait`
  await expect(run(script, { onLine: () => stop.abort(new Error('canceled')), signal: stop.signal })).rejects.toThrow()
  await expectGone('child')
})

test('ends when its time is over, even when it will not hear of it', async () => {
  expect(await run(`trap '' TERM; echo begun; ${alive('deaf')}`, { timeLimitMs: 500 })).toEqual({
    exitCode: null,
    timedOut: true,
    output: 'begun',
    truncated: false,
  })
  await expectGone('deaf')
})

test('may clean up when its time is over', async () => {
  const result = await run(`trap 'echo cleaned; exit 7' TERM; sleep 60 & wait`, { timeLimitMs: 500 })
  expect(result).toEqual({ exitCode: 7, timedOut: true, output: 'cleaned', truncated: false })
})

test('takes along what it leaves in the background', async () => {
  expect(await run(`${alive('left')} & until [ -e left ]; do sleep 0.05; done`)).toMatchObject({ exitCode: 0 })
  await expectGone('left')
})

test('is not kept open by a process that got away', async () => {
  const { output } = await run('setsid sleep 20 & echo "$!"')
  process.kill(Number(output), 'SIGKILL')
})

test('keeps the end of an output without end, and no long lines', async () => {
  let longest = 0
  const onLine = (line: string): void => void (longest = Math.max(longest, line.length))
  const { output, truncated } = await run("head -c 1000000 /dev/zero | tr '\\0' x; seq 100000; echo end", { onLine })
  expect(truncated).toBe(true)
  expect(output).toMatch(/\n99999\n100000\nend$/)
  expect(output.length).toBeLessThanOrEqual(64 * 1024)
  expect(longest).toBe(4 * 1024)
})

test('tells a long line in pieces, and gives it as it is', async () => {
  const pieces: string[] = []
  const { output } = await run(`printf '%09999d\\nend' 7`, { onLine: (piece) => pieces.push(piece) })
  expect(output).toBe(`${'7'.padStart(9_999, '0')}\nend`)
  expect(pieces.map(({ length }) => length)).toEqual([4_096, 4_096, 1_807, 3])
})

test("has not the agent's environment, where its token is", async () => {
  process.env['ALIEN_TOKEN'] = 'agt_secret'
  const { output } = await run('env')
  delete process.env['ALIEN_TOKEN']
  expect(output).toContain('PATH=')
  expect(output).not.toContain('agt_secret')
})
