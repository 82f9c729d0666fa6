/** Help, and calls that never reach a control plane. */
import type { Command } from 'commander'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { createProgram } from '../cli/program.js'
import { alien } from './support/cli.js'

const run = (args: readonly string[]) => alien(args, { cwd: tmpdir() })

const commandsBelow = (path: string, { commands }: Command): [string, Command][] =>
  commands.flatMap((command) => {
    const name = `${path} ${command.name()}`
    return [[name, command] as [string, Command], ...commandsBelow(name, command)]
  })

const program = createProgram()
const everyCommand: [string, Command][] = [['alien', program], ...commandsBelow('alien', program)]

describe('--help', () => {
  test('knows every command', () => {
    expect(everyCommand.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'alien dev',
        'alien commands invoke',
        'alien commands watch',
        'alien commands list',
        'alien commands get',
        'alien commands cancel',
        'alien deployments create',
        'alien deployments list',
        'alien deployments set-transport',
        'alien deployments commands',
        'alien deployments delete',
        'alien tokens create',
        'alien tokens list',
        'alien tokens revoke',
        'alien tokens rotate',
        'alien audit export',
        'alien agent start',
        'alien agent policy check',
        'alien server',
        'alien worker',
      ]),
    )
  })

  test.each(everyCommand)('of %s has a description and an example of it', (name, command) => {
    let help = ''
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
    expect(command.description()).not.toBe('')
    expect(help).toContain(`\nExamples:\n`)
    expect(help.slice(help.indexOf('\nExamples:\n'))).toMatch(new RegExp(`^ {2}\\$ .*${name}\\b`, 'm'))
  })

  test('goes to stdout, and is no failure', async () => {
    const { exitCode, stdout, stderr } = await run(['commands', 'invoke', '--help'])
    expect(stdout).toMatch(/^Usage: alien commands invoke \[options\]\n/)
    expect(stdout).toContain(
      '\n  0 succeeded   1 the handler failed   2 bad call   3 deployment offline   4 timed out\n',
    )
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
  })

  test('is what a call without a command gets, on stderr', async () => {
    const { exitCode, stdout, stderr } = await run([])
    expect(stderr).toMatch(/^Usage: alien \[options\] \[command\]\n/)
    expect(stdout).toBe('')
    expect(exitCode).toBe(2)
  })
})

test('--version is that of the package', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
  expect(await run(['--version'])).toEqual({ exitCode: 0, stdout: version, stderr: '' })
})

test.concurrent.each<[string[], string]>([
  [['commands', 'invok', '--json'], "unknown command 'invok' (Did you mean invoke?)"],
  [['commands', 'get', '--json'], "unknown option '--json'"],
  [['commands', 'cancel', '--json'], "missing required argument 'id'"],
  [['deployments', 'list', '--json', '--prot', '1'], "unknown option '--prot'"],
  [['--json'], "unknown option '--json'"],
])('%j: with --json, stdout has the error as JSON', async (args, message) => {
  const { exitCode, stdout } = await run(args)
  expect(JSON.parse(stdout)).toStrictEqual({ error: { code: 'invalid_request', message } })
  expect(exitCode).toBe(2)
})

const INVOKE = ['commands', 'invoke', '--deployment', 'acme-corp', '--command', 'echo']
const portRule = 'must be a number from 0 (a free one) to 65535'
const timeoutRule = 'must be a duration, like 30s, 5m, 2h or 1500 (ms)'

test.concurrent.each<[string[], string]>([
  [['comands'], "error: unknown command 'comands'\n(Did you mean commands?)"],
  [['commands', 'invok'], "error: unknown command 'invok'\n(Did you mean invoke?)"],
  [['deployments', 'remove'], "error: unknown command 'remove'"],
  [[...INVOKE, '--parms', '{}'], "error: unknown option '--parms'\n(Did you mean --params?)"],
  [['dev', '--prot', '0'], "error: unknown option '--prot'\n(Did you mean --port?)"],
  [['commands', 'invoke', '--command', 'echo'], "error: required option '--deployment <id or name>' not specified"],
  [['commands', 'invoke', '--deployment', 'a'], "error: required option '--command <name>' not specified"],
  [['commands', 'get'], "error: missing required argument 'id'"],
  [['deployments', 'create', 'a', 'b'], "error: too many arguments for 'create'. Expected 1 argument but got 2."],
  ...['soon', '0', '-5s', '', '5 parsecs'].map((value): [string[], string] => [
    [...INVOKE, '--timeout', value],
    `error invalid_request: --timeout "${value}" ${timeoutRule}`,
  ]),
  ...['--queue-timeout', '--heartbeat-timeout'].map((flag): [string[], string] => [
    [...INVOKE, flag, '1 while'],
    `error invalid_request: ${flag} "1 while" ${timeoutRule}`,
  ]),
  ...['tomorrow', '0', '2030-13-01T00:00:00Z', '2030'.repeat(3) + 'x'].map((value): [string[], string] => [
    [...INVOKE, '--deadline', value],
    `error invalid_request: --deadline "${value}" must be a duration, like 30s or 2h, or an instant, like 2030-01-31T12:00:00Z`,
  ]),
  ...['some', '1.5', '-1', ''].map((value): [string[], string] => [
    [...INVOKE, '--max-attempts', value],
    `error invalid_request: --max-attempts "${value}" must be a whole number`,
  ]),
  ...['x', '-1', '65536', '80.5', ''].map((value): [string[], string] => [
    ['dev', '--port', value],
    `error invalid_request: port "${value}" ${portRule}`,
  ]),
  ...['-1', 'many', '1e9', ''].map((value): [string[], string] => [
    ['server', '--rate-limit', value],
    `error invalid_request: --rate-limit "${value}" must be a number of calls a second up to 1000000, or 0 for no limit`,
  ]),
  [
    ['tokens', 'create', 'ci', '--scope', 'root'],
    "error: option '--scope <scope>' argument 'root' is invalid. Allowed choices are read, invoke, operate, admin.",
  ],
  ...['0', '-1', 'many', '100001', ''].map((value): [string[], string] => [
    ['server', '--polls-per-agent', value],
    `error invalid_request: --polls-per-agent "${value}" must be a number of polls from 1 to 100000`,
  ]),
  [
    ['server', '--host', '0.0.0.0'],
    'error invalid_request: plain text on 0.0.0.0 would show tokens to the network; give --tls-cert and --tls-key, or --insecure-plaintext when a proxy in front ends TLS',
  ],
  [['server', '--tls-cert', 'tls.crt'], 'error invalid_request: TLS needs both --tls-cert and --tls-key'],
  [
    ['server', '--audit-retention', 'soon'],
    'error invalid_request: --audit-retention "soon" must be a duration like "90d", or 0 to keep records for ever',
  ],
  [
    ['server', '--sealing-keys', 'AAAA,BBBB'],
    'error invalid_request: --sealing-keys must be keys of 32 bytes each in base64, as openssl rand -base64 32 gives, separated by commas',
  ],
  [['server', '--port', '1e3'], `error invalid_request: --port "1e3" ${portRule}`],
  [
    [...INVOKE, '--url', 'acme.example', '--token', 'key_1'],
    'error invalid_request: url "acme.example" must be an http or https URL, like http://127.0.0.1:7700',
  ],
  [
    ['agent', 'start', 'handlers.ts', '--token', 'agt_1', '--policy', '/nowhere.json'],
    'error invalid_request: there is no policy file /nowhere.json; write one, {} allows everything, or name another with --policy or ALIEN_POLICY',
  ],
  [
    ['agent', 'start', 'handlers.ts'],
    'error unauthenticated: no agent token: set ALIEN_TOKEN, or pass --token or --token-file; "alien deployments create" shows one',
  ],
])('%j is refused', async (args, message) => {
  const { exitCode, stdout, stderr } = await run(args)
  expect(stderr).toBe(message)
  expect(stdout).toBe('')
  expect(exitCode).toBe(message.startsWith('error unauthenticated') ? 7 : 2)
})
