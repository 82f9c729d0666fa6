/** `alien` as its users run it, with nothing of the settings of whoever runs the bench. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ALIEN_CLI } from './programs.js'

export interface AlienProcess {
  readonly pid: number
  /** Rejects when it ended by itself. */
  readonly died: Promise<never>
  readonly stop: () => Promise<void>
}

const OURS = /^(ALIEN|OTEL|TEMPORAL)_|^DATABASE_URL$/

/** @param stderr a file that is open; default: the bench's own */
export function startAlien(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stderr: number = process.stderr.fd,
): AlienProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !OURS.test(name))
  const child = spawn(process.execPath, [ALIEN_CLI, ...args], {
    env: { ...Object.fromEntries(inherited), ...env },
    // A channel, whose end tells it that the bench was killed.
    stdio: ['ignore', stderr, stderr, 'ipc'],
  })
  const exited = once(child, 'exit')
  const died = exited.then(() => {
    throw new Error(`alien ${args.slice(0, 2).join(' ')} ended by itself`)
  })
  // Whoever waits for it hears of it.
  died.catch(() => undefined)
  return {
    pid: child.pid ?? -1,
    died,
    stop: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}
