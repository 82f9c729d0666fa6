/** A terminal without a person: Python's own pseudo-terminal, since Node has none. */
import { execa } from 'execa'
import { CLI, cliEnv, type CliOptions } from './cli.js'

const PYTHON = `
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
`

/** Runs `alien` at a terminal, with stdout sent to `file` as a shell's \`>\` does, and gives what the terminal showed. */
export async function alienOnTerminal(args: readonly string[], file: string, options: CliOptions): Promise<string> {
  const shell = [
    'sh',
    '-c',
    'stty cols 120; file=$1; shift; exec "$@" > "$file"',
    'sh',
    file,
    process.execPath,
    CLI,
    ...args,
  ]
  const child = startOnTerminal(shell, options)
  child.stdin.end()
  return (await child).stdout
}

/** A command at a terminal: what is written to its stdin is typed there, `\x03` being Ctrl-C; its stdout is the screen. */
export const startOnTerminal = (command: readonly string[], { cwd, env }: CliOptions) =>
  execa('python3', ['-c', PYTHON, ...command], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...cliEnv(env), TERM: 'xterm' },
    extendEnv: false,
    stdin: 'pipe',
    reject: false,
  })
