/** Requests through the proxy of whoever runs this, by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. */
import { proxyOf } from './proxy-of.js'

/** Node's own `fetch` knows of no proxy; `undefined` where there is none on the way to `url`. @throws as `proxyOf` */
export function fetchThroughProxy(url: string): typeof fetch | undefined {
  const proxy = proxyOf(url)
  if (proxy === undefined) return undefined
  // Loaded by whoever needs it, and with its connections kept.
  let opened: Promise<typeof fetch> | undefined
  return async (input, init) => {
    opened ??= open(proxy)
    return (await opened)(input, init)
  }
}

async function open(proxy: URL): Promise<typeof fetch> {
  const { fetch: undiciFetch, ProxyAgent } = await import('undici')
  const dispatcher = new ProxyAgent({ uri: proxy.href, proxyTunnel: true })
  return ((input: URL, init: RequestInit) =>
    undiciFetch(input, { ...init, dispatcher } as never)) as unknown as typeof fetch
}
