/** The command line against a running product: what goes to which stream, and with which exit code it ends. */
import { Client, Connection } from '@temporalio/client'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Invocation } from '../protocol/invocation.js'
import { eventually } from './support/eventually.js'
import { alien, type CliAnswer, type CliOptions } from './support/cli.js'
import { lines } from './support/outcome.js'
import { alienOnTerminal } from './support/terminal.js'
import { ownPort } from './support/port.js'

let stack: TestStack
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-cli-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
  await run(['deployments', 'create', 'nobody-home'])
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

/** As a user of the stack, in a folder without one of its own. */
const asUser = ({ env, ...options }: CliOptions = {}): CliOptions => ({
  cwd: folder,
  ...options,
  env: { ALIEN_URL: stack.state.url, ALIEN_TOKEN: stack.state.token, ...env },
})

const run = (args: readonly string[], options: CliOptions = {}): Promise<CliAnswer> => alien(args, asUser(options))

const invoke = (command: string, args: readonly string[] = [], options: CliOptions = {}): Promise<CliAnswer> =>
  run(['commands', 'invoke', '--deployment', 'acme-corp', '--command', command, ...args], options)

const parsed = ({ stdout }: CliAnswer): unknown => JSON.parse(stdout)

/** Request ids are random. */
const withoutRequest = (text: string): string => text.replace(/ \(request req_[\w-]+\)$/, '')

const failed = (exitCode: number, stderr: string | RegExp, stdout = '') => ({
  exitCode,
  stdout,
  stderr: typeof stderr === 'string' ? stderr : (expect.stringMatching(stderr) as string),
})

describe('a result', () => {
  test('is JSON on stdout, and nothing else is', async () => {
    expect(await invoke('echo', ['--params', '{"value": {"a": [1, null]}}'])).toEqual({
      exitCode: 0,
      stdout: '{\n  "a": [\n    1,\n    null\n  ]\n}',
      stderr: expect.not.stringContaining('null') as string,
    })
  })

  test.each(['null', '0', 'false', '""'])('%s is printed as any other', async (value) => {
    expect(await invoke('echo', ['--params', `{"value": ${value}}`])).toMatchObject({ exitCode: 0, stdout: value })
  })

  test('that is long in coming is announced on stderr', async () => {
    const { exitCode, stdout, stderr } = await invoke('sleep', ['--params', '{"ms": 1500}'], { progress: true })
    expect(stderr).toMatch(/^sleep on acme-corp \(inv_sleep_[0-9a-f]{32}\) …$/)
    expect(stdout).toBe('"slept"')
    expect(exitCode).toBe(0)
  })
})

describe('what a handler says does not drive the terminal', () => {
  const HOSTILE = '\u001b]0;title\u0007 \u009b2J \u202e evil'

  test('in an error', async () => {
    const { stderr } = await invoke('fail-with', ['--params', JSON.stringify({ message: HOSTILE })])
    expect(stderr).toBe('error command_failed: "fail-with" failed: \ufffd]0;title\ufffd \ufffd2J \ufffd evil')
  })

  test('in a result, which is the same JSON', async () => {
    const answer = await invoke('echo', ['--params', JSON.stringify({ value: HOSTILE })])
    expect(answer.stdout).toBe('"\\u001b]0;title\\u0007 \\u009b2J \\u202e evil"')
    expect(parsed(answer)).toBe(HOSTILE)
  })
})

describe('--params', () => {
  test('may be left out', async () => {
    expect(parsed(await invoke('params'))).toEqual({})
  })

  test('may be a file, relative to the working folder', async () => {
    await writeFile(join(folder, 'params.json'), '{"from": "file"}\n')
    expect(parsed(await invoke('params', ['--params', '@params.json']))).toEqual({ from: 'file' })
  })

  test('may be stdin', async () => {
    expect(parsed(await invoke('params', ['--params', '-'], { input: '["stdin"]\n' }))).toEqual(['stdin'])
  })

  const remedy = `; give JSON like '{"startDate": "2025-01-01"}', @file, or - for stdin`

  test.each([
    [
      '{startDate: 1}',
      `params from --params are not JSON: Expected property name or '}' in JSON at position 1${remedy}`,
    ],
    ['', `params from --params are not JSON: Unexpected end of JSON input${remedy}`],
    ['@broken.json', `params from broken.json are not JSON: Unexpected end of JSON input${remedy}`],
    ['-', `params from stdin are not JSON: Expected ',' or ']' after array element in JSON at position 2${remedy}`],
    ['@missing.json', 'cannot read params from missing.json: ENOENT'],
  ])('"%s" is refused when it is not JSON', async (params, message) => {
    await writeFile(join(folder, 'broken.json'), '{"a":')
    const { exitCode, stdout, stderr } = await invoke('params', ['--params', params], { input: '[1' })
    // Newer versions of Node also tell line and column.
    expect(stderr.replace(/ \(line \d+ column \d+\)/, '')).toBe(`error invalid_request: ${message}`)
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })
})

describe.concurrent('the exit code', () => {
  test('is 1 when the handler threw', async () => {
    expect(await invoke('fail')).toEqual(failed(1, /^error command_failed: "fail" failed: TypeError: no such table$/m))
  })

  test('is 2 for a command nobody has, with the nearest names', async () => {
    const { stderr, ...rest } = await invoke('eco')
    expect(stderr).toMatch(/ \(request req_[\w-]+\)$/)
    expect({ ...rest, stderr: withoutRequest(stderr) }).toEqual(
      failed(2, /^error command_not_found: deployment "acme-corp" has no command "eco"; the nearest .*"echo"$/),
    )
  })

  test('is 2 for a deployment nobody has, with the nearest names', async () => {
    const { stderr, exitCode } = await run(['commands', 'invoke', '--deployment', 'acme-crop', '--command', 'echo'])
    expect(withoutRequest(stderr)).toMatch(
      /^error deployment_not_found: no deployment "acme-crop"; the nearest .*"acme-corp"$/,
    )
    expect(exitCode).toBe(2)
  })

  test('is 3 when no agent took it within --timeout', async () => {
    const args = ['commands', 'invoke', '--deployment', 'nobody-home', '--command', 'echo', '--timeout', '300ms']
    expect(await run(args)).toEqual(
      failed(3, /^error deployment_offline: no agent of "nobody-home" took "echo" within 300ms; nothing ran$/m),
    )
  })

  test('is 3 at once with --fail-fast when no agent is online, and nothing was started', async () => {
    const args = ['commands', 'invoke', '--deployment', 'nobody-home', '--command', 'unheard', '--fail-fast']
    const { stderr, ...rest } = await run(args)
    expect({ ...rest, stderr: withoutRequest(stderr) }).toEqual(
      failed(3, 'error deployment_offline: no agent of "nobody-home" was ever online; nothing was started'),
    )
    expect(parsed(await run(['commands', 'list', '--command', 'unheard', '--json']))).toEqual({ invocations: [] })
  })

  test('is 4 when it started and ran out of its --timeout', async () => {
    expect(await invoke('sleep', ['--params', '{"ms": 20000}', '--timeout', '500'])).toEqual(
      failed(4, /^error timed_out: "sleep" .*500ms/m),
    )
  })

  test.each([
    ['canceled', 'cancel', 5],
    ['outcome_unknown', 'terminate', 6],
  ] as const)('tells that the operator ended it: %s', async (code, end, exitCode) => {
    const args = ['--params', '{"ms": 20000, "file": "/dev/null"}', '--idempotency-key', end]
    const { stdout: id } = await invoke('count-unless-aborted', [...args, '--detach'])
    const connection = await Connection.connect({ address: stack.state.temporalAddress })
    const [answer] = await Promise.all([
      invoke('count-unless-aborted', args),
      new Client({ connection }).workflow.getHandle(id)[end](),
    ])
    await connection.close()
    expect(answer).toEqual(failed(exitCode, new RegExp(`^error ${code}: `, 'm')))
  })

  test('is 7 for a token nobody issued', async () => {
    const { exitCode, stderr } = await invoke('echo', ['--token', `key_${'x'.repeat(43)}`])
    expect(withoutRequest(stderr)).toBe(
      'error unauthenticated: the API key is not valid: it is unknown, expired or revoked',
    )
    expect(exitCode).toBe(7)
  })

  test('is 7 without a token', async () => {
    expect(await invoke('echo', [], { env: { ALIEN_TOKEN: '' } })).toEqual(
      failed(
        7,
        `error unauthenticated: no API key for ${stack.state.url}: pass --token or set ALIEN_TOKEN; in the folder of a running "alien dev" neither is needed`,
      ),
    )
  })

  test('is 8 when the control plane cannot be reached', async () => {
    const url = `http://127.0.0.1:${await ownPort()}`
    const message = `error unavailable: cannot reach the control plane at ${url}: connect ECONNREFUSED ${url.slice(7)}; is it running (alien dev, alien server), and is the URL right (--url, ALIEN_URL)?`
    const [invoked, listed] = await Promise.all([
      invoke('echo', ['--url', url]),
      run(['commands', 'list', '--url', url]),
    ])
    expect(invoked).toEqual(failed(8, message))
    expect(listed).toEqual(failed(8, message))
  })
})

describe.concurrent('the policy of a call', () => {
  const offline = (flags: readonly string[]) =>
    run(['commands', 'invoke', '--deployment', 'nobody-home', '--command', 'echo', ...flags])
  const nobody = (within: string) =>
    failed(3, new RegExp(`^error deployment_offline: no agent of "nobody-home" took "echo" within ${within};`, 'm'))
  const runsOf = async (flags: readonly string[]): Promise<number> => {
    const file = join(folder, randomUUID())
    const { exitCode } = await invoke('count-and-fail', ['--params', JSON.stringify({ file }), ...flags])
    expect(exitCode).toBe(1)
    return (await readFile(file, 'utf8')).trim().split('\n').length
  }

  test('--queue-timeout bounds the wait for an agent, beside a longer --timeout', async () => {
    expect(await offline(['--timeout', '1h', '--queue-timeout', '310ms'])).toEqual(nobody('310ms'))
  })

  test('--deadline bounds all of it, counted from now', async () => {
    expect(await offline(['--deadline', '320ms'])).toEqual(nobody('320ms'))
  })

  test('--max-attempts has a handler that fails run again, and --at-most-once does not', async () => {
    expect(
      await Promise.all([runsOf(['--max-attempts', '2']), runsOf(['--max-attempts', '2', '--at-most-once'])]),
    ).toEqual([2, 1])
  })

  test.each([
    [['--deadline', '2001-02-03T04:05:06Z'], 'deadline: "2001-02-03T04:05:06.000Z" is in the past'],
    [
      ['--heartbeat-timeout', '1s'],
      'heartbeatTimeout: 1000 must be a duration from 2s to 1d, like "30s", "2h" or a number of milliseconds',
    ],
    [['--max-attempts', '0'], 'retry.maxAttempts: 0 must be a whole number from 1 to 100'],
  ])('%j is refused by the control plane, in its words', async (flags, problem) => {
    const { stderr, ...rest } = await offline(flags)
    expect({ ...rest, stderr: withoutRequest(stderr) }).toEqual(
      failed(2, `error invalid_request: bad invocation: ${problem}`),
    )
  })
})

describe('--json', () => {
  test('gives the whole invocation', async () => {
    const answer = await invoke('echo', ['--params', '{"value": 1}', '--json'])
    expect(parsed(answer)).toEqual({
      id: expect.stringMatching(/^inv_echo_[0-9a-f]{32}$/) as string,
      deployment: stack.state.deployments[0],
      command: 'echo',
      status: 'succeeded',
      result: 1,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      endedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      links: { temporal: expect.stringContaining(`${String(stack.state.temporalUi)}/namespaces/default/`) as string },
    })
    expect(answer.exitCode).toBe(0)
  })

  test('gives an invocation that failed the same way', async () => {
    const answer = await invoke('fail', ['--json'])
    expect(parsed(answer)).toMatchObject({
      status: 'failed',
      error: { code: 'command_failed', details: { name: 'TypeError', code: 'E_TABLE' } },
    })
    expect(answer.exitCode).toBe(1)
  })

  test('gives an error on stdout, besides the line for people', async () => {
    const answer = await invoke('eco', ['--json'])
    expect(parsed(answer)).toEqual({
      error: {
        code: 'command_not_found',
        message: expect.stringMatching(/^deployment "acme-corp" has no command "eco"/) as string,
        details: { nearest: ['echo'] },
        requestId: expect.stringMatching(/^req_/) as string,
      },
    })
    expect(answer.stderr).toMatch(/^error command_not_found: /)
    expect(answer.exitCode).toBe(2)
  })
})

test('a list says what those that are queued wait for', async () => {
  const call = ['commands', 'invoke', '--deployment', 'nobody-home', '--command', 'waits', '--detach']
  const { stdout: id } = await run(call)
  // A list is of Temporal's visibility, which follows.
  const listed = await eventually('it is listed', async () => {
    const { stdout } = await run(['commands', 'list', '--deployment', 'nobody-home', '--status', 'queued'])
    const row = stdout.split('\n').find((line) => line.startsWith(id))
    return row?.includes('agent') === true ? { header: stdout.split('\n')[0], row } : undefined
  })
  expect(listed.header).toMatch(/^ID +DEPLOYMENT +COMMAND +STATUS +CREATED +WAITS FOR$/)
  expect(listed.row).toMatch(
    /^inv_waits_[0-9a-f]{32} +nobody-home +waits +queued +\d{4}-\S+Z +no agent of "nobody-home" was ever online$/,
  )
})

describe('--detach', () => {
  test('prints the id, and leaves the invocation running', async () => {
    const file = join(folder, 'detached')
    const args = ['--params', JSON.stringify({ file }), '--detach']
    const { exitCode, stdout, stderr } = await invoke('until-aborted', args)
    expect(stdout).toMatch(/^inv_until-aborted_[0-9a-f]{32}$/)
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
    await eventually('it runs', async () => (await lines(file))[0])
    expect(parsed(await run(['commands', 'get', stdout]))).toMatchObject({
      id: stdout,
      command: 'until-aborted',
      status: 'running',
      attempt: 1,
    })
    expect(await stack.client().getInvocation(stdout).cancel()).toBe('stopped')
  })

  test('with --json prints the invocation', async () => {
    expect(parsed(await invoke('sleep', ['--params', '{"ms": 1}', '--detach', '--json']))).toMatchObject({
      id: expect.stringMatching(/^inv_sleep_/) as string,
      command: 'sleep',
      status: expect.stringMatching(/^(queued|running|succeeded)$/) as string,
    })
  })
})

describe('--idempotency-key', () => {
  test('makes two calls one invocation, and other params a conflict', async () => {
    const file = join(folder, 'runs')
    const call = (line: string) =>
      invoke('count', ['--params', JSON.stringify({ file, line }), '--idempotency-key', 'nightly', '--json'])
    const first = parsed(await call('once')) as Invocation
    const second = parsed(await call('once')) as Invocation
    expect(second.id).toBe(first.id)
    expect(await readFile(file, 'utf8')).toBe('once\n')

    const { exitCode, stderr } = await call('twice')
    expect(withoutRequest(stderr)).toMatch(
      /^error conflict: idempotency key "nightly" was used with other params \(SHA-256 [0-9a-f]{64}, now [0-9a-f]{64}\); use a new one for a new call$/,
    )
    expect(exitCode).toBe(2)
    expect(await readFile(file, 'utf8')).toBe('once\n')
  })
})

describe('colors', () => {
  const ESCAPE = '\u001b['

  test('do not reach a pipe', async () => {
    const env = { FORCE_COLOR: '1', CI: '1' }
    const answers = [await run(['deployments', 'list'], { env }), await invoke('fail', [], { env })]
    expect(answers.map(({ stdout, stderr }) => stdout + stderr).join()).not.toContain(ESCAPE)
  })

  test('are for a terminal, and not for what a terminal sends to a file', async () => {
    const file = join(folder, 'list.txt')
    expect(await alienOnTerminal(['commands', 'list', '--limit', '0'], file, asUser())).toContain(ESCAPE)
    await alienOnTerminal(['deployments', 'list'], file, asUser())
    expect(await readFile(file, 'utf8')).toMatch(
      /^ID +NAME +TRANSPORT +AGENTS +LAST SEEN +VERSION +HOST +CREATED\ndep_/,
    )
  })
})
