/** Which control plane the CLI talks to, and as whom. */
import { Option, type Command } from 'commander'
import { resolveUrl } from '../client/options.js'
import type { Endpoint } from '../client/request.js'
import { CommandError } from '../protocol/errors.js'
import { findDevState } from '../protocol/dev-state.js'

export interface ConnectionFlags {
  readonly url?: string | undefined
  readonly token?: string | undefined
}

/** Adds `--url` and `--token`. */
export const withConnection = (command: Command): Command =>
  command
    .addOption(
      new Option('--url <url>', 'the control plane (default: the running alien dev, or http://127.0.0.1:7700)').env(
        'ALIEN_URL',
      ),
    )
    .addOption(new Option('--token <key>', 'API key (default: that of the running alien dev)').env('ALIEN_TOKEN'))

/** @throws {CommandError} `unauthenticated` when there is no token to be found */
export function connection(flags: ConnectionFlags): { url: string; token: string } {
  const url = resolveUrl(flags.url)
  const dev = findDevState()
  const token = flags.token ?? (dev?.url === url ? dev.token : undefined)
  if (token) return { url, token }
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
