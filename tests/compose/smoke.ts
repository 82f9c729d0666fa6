/** Whether a topology does what it is for. */
import type { CliAnswer } from '../support/cli.js'
import { DEPLOYMENT, type Topology } from './topology.js'

interface Trial {
  readonly what: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly exitCode: number
  /** In what it prints. */
  readonly says: RegExp
}

/** @throws {Error} at the first that is not as it should be */
export async function runSmoke(topology: Topology, say: (message: string) => void): Promise<void> {
  for (const { what, args, env, exitCode, says } of await trialsOf(topology)) {
    const answer = await topology.alien(args, env)
    const text = answer.stdout + answer.stderr
    if (answer.exitCode !== exitCode || !says.test(text)) throw new Error(`${what}: ${described(args, answer)}`)
    say(`ok  ${what}`)
  }
}

async function trialsOf(topology: Topology): Promise<Trial[]> {
  const server = await topology.environmentOf('control-plane')
  const invoke = (command: string, params: object, ...flags: string[]): readonly string[] => [
    'commands',
    'invoke',
    '--deployment',
    DEPLOYMENT,
    '--command',
    command,
    '--params',
    JSON.stringify(params),
    ...flags,
  ]
  return [
    {
      what: 'the doctor finds Temporal and the registry as the control plane needs them',
      args: ['doctor', '--server'],
      env: server,
      exitCode: 0,
      says: /search attributes/,
    },
    {
      what: 'the doctor gets from a caller to the agent',
      args: ['doctor', '--deployment', DEPLOYMENT],
      exitCode: 0,
      says: /ok +agents/,
    },
    { what: 'a ping over the way that commands go', args: ['deployments', 'test', DEPLOYMENT], exitCode: 0, says: /./ },
    {
      what: 'a command and its result',
      args: invoke('generate-report', { startDate: '2025-01-01' }),
      exitCode: 0,
      says: /"rowCount": ?4/,
    },
    {
      what: "a handler's error, as the caller's",
      args: invoke('run-migration', { version: 'x' }),
      exitCode: 1,
      says: /version "x" must be a number/,
    },
    {
      what: 'a command that nobody has',
      args: invoke('drop-tables', {}),
      exitCode: 2,
      says: /command_not_found/,
    },
    {
      what: 'plain text is not spoken',
      args: ['deployments', 'list'],
      env: { ALIEN_URL: topology.callerEnv.ALIEN_URL.replace('https:', 'http:') },
      exitCode: 8,
      says: /unavailable/,
    },
    {
      what: 'the invocations, as Temporal lists them',
      args: ['commands', 'list', '--deployment', DEPLOYMENT, '--status', 'succeeded'],
      exitCode: 0,
      says: /generate-report/,
    },
  ]
}

const described = (args: readonly string[], { exitCode, stdout, stderr }: CliAnswer): string =>
  `alien ${args.join(' ')} ended with ${String(exitCode)}\n${stdout}${stderr}`
