/** Which control plane the CLI talks to, and as whom. */
import { Option, type Command } from 'commander'
import { resolveUrl } from '../client/options.js'
import { allowsPlaintext, assertPrivateUrl } from '../client/private-url.js'
import type { Endpoint } from '../client/request.js'
import { CommandError } from '../protocol/errors.js'
import { findDevState } from '../protocol/dev-state.js'

export interface ConnectionFlags {
  readonly url?: string | undefined
  readonly token?: string | undefined
  readonly insecurePlaintext?: boolean | undefined
}

/** Adds `--url`, `--token` and `--insecure-plaintext`. */
export const withConnection = (command: Command): Command =>
  command
    .addOption(
      new Option('--url <url>', 'the control plane (default: the running alien dev, or http://127.0.0.1:7700)').env(
        'ALIEN_URL',
      ),
    )
    .addOption(new Option('--token <key>', 'API key (default: that of the running alien dev)').env('ALIEN_TOKEN'))
    .addOption(insecurePlaintextOption())

/** Its variable is read by {@link allowsPlaintext}: to commander, any value of it would be a yes. */
export const insecurePlaintextOption = (): Option =>
  new Option('--insecure-plaintext', 'allow an http URL of another machine (env: ALIEN_INSECURE_PLAINTEXT)')

interface ConnectionOptions {
  readonly url: string
  readonly token: string
  readonly insecurePlaintext: boolean
}

/**
 * @throws {CommandError} `unauthenticated` when there is no token to be found, `invalid_request` for plain text to another
 *   machine
 */
export function connection(flags: ConnectionFlags): ConnectionOptions {
  const url = resolveUrl(flags.url)
  const insecurePlaintext = allowsPlaintext(flags.insecurePlaintext)
  assertPrivateUrl(url, insecurePlaintext, 'API key')
  const dev = findDevState()
  const token = flags.token ?? (dev?.url === url ? dev.token : undefined)
  if (token) return { url, token, insecurePlaintext }
  throw new CommandError(
    'unauthenticated',
    `no API key for ${url}: pass --token or set ALIEN_TOKEN; in the folder of a running "alien dev" neither is needed`,
  )
}

/** For calls that are one request; the CLI's user sees an outage rather than waits for its end. */
export function endpoint(flags: ConnectionFlags): Endpoint {
  const { url, token } = connection(flags)
  return { baseUrl: url, token, giveUpAfterMs: 5_000 }
}
