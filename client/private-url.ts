/** Tokens go to another machine in plain text only when somebody says so. */
import { CommandError } from '../protocol/errors.js'
import { parseFlag } from '../protocol/flag.js'
import { isLoopback } from '../protocol/loopback.js'

/** @throws {CommandError} `invalid_request` for plain text to another machine */
export function assertPrivateUrl(url: string, insecurePlaintext: boolean, secret: 'agent token' | 'API key'): void {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || insecurePlaintext || isLoopback(hostname)) return
  throw new CommandError(
    'invalid_request',
    `${url} would send the ${secret} and all results in plain text; use https, or ${ALLOWED_BY[secret]} on a network that is private`,
  )
}

const ALLOWED_BY = {
  'agent token': '--insecure-plaintext',
  'API key': 'insecurePlaintext (--insecure-plaintext, ALIEN_INSECURE_PLAINTEXT=true)',
} as const

/**
 * What was given, else `ALIEN_INSECURE_PLAINTEXT`, else false.
 *
 * @throws {CommandError} `invalid_request` for a variable that says neither yes nor no
 */
export function allowsPlaintext(given: boolean | undefined, env: NodeJS.ProcessEnv = process.env): boolean {
  const variable = env['ALIEN_INSECURE_PLAINTEXT']
  // An empty variable is one that is not set.
  if (given !== undefined || !variable) return given ?? false
  const allowed = parseFlag(variable)
  if (allowed !== undefined) return allowed
  throw new CommandError(
    'invalid_request',
    `ALIEN_INSECURE_PLAINTEXT ${JSON.stringify(variable)} must be true or false`,
  )
}
