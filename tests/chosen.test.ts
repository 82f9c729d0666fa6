/** Programs that try many things, asked for one that there is not. */
import { execFile } from 'node:child_process'
import { expect, test } from 'vitest'

interface Ending {
  readonly exitCode: unknown
  readonly stdout: string
  readonly stderr: string
}

const run = (...args: string[]): Promise<Ending> =>
  new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => resolve({ exitCode: error?.code ?? 0, stdout, stderr }))
  })

test.each([
  ['attack/run.js', ['--only', 'typo'], 'attack', 'come without a token'],
  ['fuzz/run.js', ['--only', 'typo'], 'fuzzer', 'manifest'],
  ['chaos/run.js', ['--rows', 'typo'], 'fault', 'link'],
  ['chaos/run.js', ['--bars', '--rows', 'typo'], 'bar', 'backlog'],
])('%s %j is told what there is', async (program, args, what, like) => {
  const { exitCode, stdout, stderr } = await run(program, ...args)
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toContain(`error no ${what} has "typo" in its name; there are:\n  `)
  expect(stderr).toContain(like)
})

test('no inputs are no run', async () => {
  const { exitCode, stderr } = await run('fuzz/run.js', '--runs', '0', '--only', 'manifest')
  expect(exitCode).not.toBe(0)
  expect(stderr).toContain('give a whole number from 1')
})
