/** Opens the agent's session: one call that publishes the manifest and learns where the work is. */
import type { AgentPresenceAnswer, AgentSession } from '../protocol/agent-session.js'
import { fetchThroughProxy } from '../client/fetch-through-proxy.js'
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
    { baseUrl: url, token, giveUpAfterMs: 30_000, fetch: fetchThroughProxy(url) },
    { method: 'POST', path: '/v1/agent/session', body: { function: functionName, commands } },
  )
}

interface PresenceQuestion {
  readonly url: string
  readonly token: string
  /** Of the agent's connection. */
  readonly key: string
  readonly fetch: typeof fetch | undefined
}

const ASK_PRESENCE_MS = 1_000

/** Whether the control plane sees polls of the connection. @throws {CommandError} when it cannot be asked */
export async function askPresence({ url, token, key, fetch }: PresenceQuestion): Promise<boolean> {
  const { receiving } = await requestJson<AgentPresenceAnswer>(
    { baseUrl: url, token, giveUpAfterMs: 0, signal: AbortSignal.timeout(ASK_PRESENCE_MS), fetch },
    { method: 'GET', path: '/v1/agent/presence', query: { key } },
  )
  return receiving
}
