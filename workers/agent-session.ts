/** Opens the agent's session: one call that publishes the manifest and learns where the work is. */
import { getProxyForUrl } from 'proxy-from-env'
import type { AgentSession } from '../protocol/agent-session.js'
import { requestJson } from '../client/request.js'
import type { ManifestCommand } from '../protocol/manifest.js'

interface SessionRequest {
  readonly url: string
  readonly token: string
  readonly functionName: string
  readonly commands: readonly ManifestCommand[]
}

/**
 * @throws {CommandError} `unauthenticated` for a wrong token, `invalid_request` for a manifest that breaks a rule,
 *   `unavailable` when the control plane cannot be reached within half a minute
 */
export async function openAgentSession({ url, token, functionName, commands }: SessionRequest): Promise<AgentSession> {
  return requestJson<AgentSession>(
    { baseUrl: url, token, giveUpAfterMs: 30_000, fetch: await fetchThroughProxy(url) },
    { method: 'POST', path: '/v1/agent/session', body: { function: functionName, commands } },
  )
}

/** Node's own `fetch` knows of no proxy; `undefined` where there is none. */
export async function fetchThroughProxy(url: string): Promise<typeof fetch | undefined> {
  const proxy = getProxyForUrl(url)
  if (proxy === '') return undefined
  const { fetch: undiciFetch, ProxyAgent } = await import('undici')
  const dispatcher = new ProxyAgent({ uri: proxy, proxyTunnel: true })
  return ((input: URL, init: RequestInit) =>
    undiciFetch(input, { ...init, dispatcher } as never)) as unknown as typeof fetch
}
