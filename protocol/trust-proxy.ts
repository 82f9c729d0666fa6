/** Whose `x-forwarded-for` is believed, by the HTTP API and by the gateway alike. */
import type { IncomingMessage } from 'node:http'
import proxyAddr from 'proxy-addr'
import { CommandError } from './errors.js'

/** Whether an address is that of a proxy of ours; `hop` counts from the connection, which is 0. */
export type TrustsProxy = (address: string, hop: number) => boolean

/**
 * @param proxies how many, or their addresses and networks: `1`, `10.0.0.0/8, loopback`. `undefined`: none
 * @throws {CommandError} `invalid_request`
 */
export function trustProxy(proxies: string | undefined): TrustsProxy {
  if (proxies === undefined) return () => false
  if (/^\d+$/.test(proxies)) return (_, hop) => hop < Number(proxies)
  try {
    // "true" is no address: it would trust whoever calls.
    return proxyAddr.compile(proxies.split(/\s*,\s*/))
  } catch (error) {
    throw new CommandError(
      'invalid_request',
      `trusted proxies "${proxies}" must be how many there are, or their addresses, like "10.0.0.0/8, loopback"`,
      { cause: error },
    )
  }
}

/**
 * IP address of a caller.
 *
 * @param connected that of its connection
 * @param forwardedFor the header that it sent; each proxy adds at the end who called it
 */
export function callerAddress(trusts: TrustsProxy, connected: string, forwardedFor: string | undefined): string {
  const read: unknown = { socket: { remoteAddress: connected }, headers: { 'x-forwarded-for': forwardedFor } }
  return proxyAddr(read as IncomingMessage, trusts)
}
