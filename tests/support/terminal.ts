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
  const { stdout } = await execa('python3', ['-c', PYTHON, ...shell], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...cliEnv(options.env), TERM: 'xterm' },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
  })
  return stdout
}
