/** The command line as its users have it: the compiled `alien`, in a process of its own. */
import { execa } from 'execa'
import { resolve } from 'node:path'

/** What `alien` on a user's PATH points to. */
export const CLI = resolve('dist/cli/main.js')

export interface CliOptions {
  /** Default: that of the tests, where no development server runs. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** For stdin, which is closed otherwise. */
  readonly input?: string
  /** Keep the lines on stderr that say what is waited for: they come when a machine is slow, and not otherwise. */
  readonly progress?: boolean
}

export interface CliAnswer {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** Settings of the machine that runs the tests, which would change what `alien` says. */
const UNSET = { ALIEN_URL: undefined, ALIEN_TOKEN: undefined, ALIEN_STATE_DIR: undefined, NO_COLOR: undefined }

export const cliEnv = (env: CliOptions['env'] = {}): NodeJS.ProcessEnv => ({ ...process.env, ...UNSET, ...env })

/** Runs `alien` to its end. */
export async function alien(
  args: readonly string[],
  { cwd, env, input, progress = false }: CliOptions = {},
): Promise<CliAnswer> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [CLI, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    env: cliEnv(env),
    extendEnv: false,
    reject: false,
  })
  return { exitCode, stdout, stderr: progress ? stderr : withoutProgress(stderr) }
}

const withoutProgress = (stderr: string): string =>
  stderr
    .split('\n')
    .filter((line) => !line.endsWith(' …'))
    .join('\n')
