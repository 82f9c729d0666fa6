import type { Express } from 'express'
import { CommandError } from '../protocol/errors.js'

/**
 * Has Express take the caller's address from `x-forwarded-for`, as far as the proxies in front are trusted to write it.
 *
 * @param proxies how many, or their addresses and networks: `1`, `10.0.0.0/8, loopback`. `undefined`: none
 * @throws {CommandError} `invalid_request`
 */
export function trustProxy(app: Express, proxies: string | undefined): void {
  if (proxies === undefined) return
  try {
    // "true" would trust whoever calls.
    app.set('trust proxy', /^\d+$/.test(proxies) ? Number(proxies) : proxies)
  } catch (error) {
    throw new CommandError(
      'invalid_request',
      `trusted proxies "${proxies}" must be how many there are, or their addresses, like "10.0.0.0/8, loopback"`,
      { cause: error },
    )
  }
}
