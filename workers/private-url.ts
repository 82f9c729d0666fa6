import { CommandError } from '../protocol/errors.js'
import { isLoopback } from '../protocol/loopback.js'

/** @throws {CommandError} `invalid_request` for plain text to another machine */
export function assertPrivateUrl(url: string, insecurePlaintext: boolean): void {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || insecurePlaintext || isLoopback(hostname)) return
  throw new CommandError(
    'invalid_request',
    `${url} would send the agent token and all results in plain text; use https, or --insecure-plaintext on a network that is private`,
  )
}
