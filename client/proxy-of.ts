/** The proxy on the way to a control plane. */
import { getProxyForUrl } from 'proxy-from-env'
import { CommandError } from '../protocol/errors.js'

/**
 * By `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, as everything else on the machine finds it: one without a scheme is spoken
 * to in plain HTTP, for an address of https as well.
 *
 * @returns `undefined` where there is none
 * @throws {CommandError} `invalid_request` for a proxy of another kind
 */
export function proxyOf(url: string): URL | undefined {
  const named = getProxyForUrl(url)
  if (named === '') return undefined
  // The package gives one without a scheme that of the address.
  const proxy = isNamed(named, process.env) ? named : named.replace(/^https:/, 'http:')
  if (URL.canParse(proxy) && new URL(proxy).protocol === 'http:') return new URL(proxy)
  throw new CommandError(
    'invalid_request',
    `cannot use the proxy ${withoutPassword(named)}, which is set for ${new URL(url).origin}; name an HTTP proxy, as http://proxy.example:3128, in HTTPS_PROXY, or except this address in NO_PROXY`,
  )
}

const isNamed = (proxy: string, env: NodeJS.ProcessEnv): boolean =>
  ['https_proxy', 'http_proxy', 'all_proxy'].some((name) => [env[name], env[name.toUpperCase()]].includes(proxy))

/** A password with a `/` in it makes no URL, and is one all the same. */
const withoutPassword = (proxy: string): string => proxy.replace(/\/\/.*@/, '//…@')
