/** The agent's token: given, or kept in a file that is read again when it changes. */
import { readFileSync, watchFile } from 'node:fs'
import { CommandError } from '../protocol/errors.js'

/** Secrets are mounted as links that are swapped, which only looking by time notices. */
const LOOK_MS = 1_000

export interface AgentToken {
  /** The newest, once {@link onRotated} was called. */
  readonly current: string
  /** Calls back with each new token. */
  readonly onRotated: (rotated: (token: string) => void) => void
}

/** @throws {CommandError} `unauthenticated` when there is none, naming where it was looked for */
export function readAgentToken(env: NodeJS.ProcessEnv): AgentToken {
  const { ALIEN_TOKEN: given, ALIEN_TOKEN_FILE: file } = env
  if (given) return { current: given, onRotated: () => undefined }
  if (!file) {
    throw new CommandError(
      'unauthenticated',
      'no agent token: set ALIEN_TOKEN, or pass --token or --token-file; "alien deployments create" shows one',
    )
  }
  let current = readToken(file)
  return {
    get current() {
      return current
    },
    onRotated: (rotated) => {
      watchFile(file, { interval: LOOK_MS, persistent: false }, () => {
        // Half-way through a rotation there may be none; the one before stays until there is.
        const token = readTokenOrNone(file)
        if (token === undefined || token === current) return
        current = token
        rotated(token)
      })
    },
  }
}

function readToken(file: string): string {
  const token = readTokenOrNone(file)
  if (token !== undefined) return token
  throw new CommandError('unauthenticated', `no agent token: ${file} cannot be read or is empty`)
}

function readTokenOrNone(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}
