/** `alien agent policy check`, as an operator runs it before the file is put in place. */
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alien, type CliAnswer, type CliOptions } from './support/cli.js'

let folder: string
let file: string

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'alien-policy-check-')))
  file = join(folder, 'alien-policy.json')
  await writeFile(file, JSON.stringify({ deny: ['drop-*'], readOnly: true, maxRunTime: '1h', reason: 'ask the DBAs' }))
})

afterAll(() => rm(folder, { recursive: true }))

const check = (args: readonly string[] = [], options: CliOptions = {}): Promise<CliAnswer> =>
  alien(['agent', 'policy', 'check', ...args], { cwd: tmpdir(), ...options })

test.concurrent.each<[string, () => [string[], CliOptions]]>([
  ['named', () => [[file], { env: { ALIEN_POLICY: '/nowhere.json' } }]],
  ['of the environment', () => [[], { env: { ALIEN_POLICY: file } }]],
  ['of this folder', () => [[], { cwd: folder }]],
])('a good file is said to be good: the one %s', async (_which, call) => {
  expect(await check(...call())).toEqual({ exitCode: 0, stdout: `${file} is good`, stderr: '' })
})

describe.concurrent('what it says of a command', () => {
  test.each([
    [
      ['drop-tables'],
      7,
      '"drop-tables" would be refused by rule deny: it matches deny pattern "drop-*"; reason: ask the DBAs',
    ],
    [
      ['report'],
      7,
      '"report" would be refused by rule readOnly: it is not declared read-only, and only commands that are may run; reason: ask the DBAs',
    ],
    [['report', '--read-only'], 0, '"report" may run'],
  ])('%j', async ([command = '', ...more], exitCode, verdict) => {
    expect(await check([file, '--command', command, ...more])).toEqual({
      exitCode,
      stdout: `${file} is good\n${verdict}`,
      stderr: '',
    })
  })

  test('as JSON', async () => {
    const policy = { deny: ['drop-*'], readOnly: true, maxRunTime: 3_600_000, reason: 'ask the DBAs' }
    const refused = await check([file, '--command', 'drop-tables', '--json'])
    expect(JSON.parse(refused.stdout)).toEqual({
      file,
      policy,
      command: 'drop-tables',
      allowed: false,
      rule: 'deny',
      pattern: 'drop-*',
      because: 'it matches deny pattern "drop-*"',
      reason: 'ask the DBAs',
    })
    expect(refused.exitCode).toBe(7)
    const allowed = await check([file, '--command', 'report', '--read-only', '--json'])
    expect(JSON.parse(allowed.stdout)).toEqual({ file, policy, command: 'report', allowed: true })
    expect(allowed.exitCode).toBe(0)
    expect(JSON.parse((await check([file, '--json'])).stdout)).toEqual({ file, policy })
  })
})

describe.concurrent('what is not good', () => {
  test('is told with its place and the nearest key', async () => {
    const bad = join(folder, 'bad.json')
    await writeFile(bad, '{"deney": ["drop-*"], "maxRunTime": "soon"}')
    const message = `policy file ${bad}: $.maxRunTime: "soon" must be a duration from 1ms to 24d, like "30s", "2h" or a number of milliseconds; $.deney: unknown key; the nearest is "deny"`
    expect(await check([bad])).toEqual({ exitCode: 2, stdout: '', stderr: `error invalid_request: ${message}` })
    expect(JSON.parse((await check([bad, '--json'])).stdout)).toEqual({ error: { code: 'invalid_request', message } })
  })

  test('a file that is not there', async () => {
    const missing = join(folder, 'missing.json')
    expect(await check([missing])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error invalid_request: there is no policy file ${missing}; write one, {} allows everything, or name another with --policy or ALIEN_POLICY`,
    })
  })

  test('a name that no command can have', async () => {
    const { exitCode, stderr } = await check([file, '--command', 'drop tables'])
    expect(stderr).toMatch(/^error invalid_request: command name "drop tables" must start with a letter/)
    expect(exitCode).toBe(2)
  })
})
