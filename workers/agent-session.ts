/** Opens the agent's session: one call that publishes the manifest and learns where the work is. */
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
export function openAgentSession({ url, token, functionName, commands }: SessionRequest): Promise<AgentSession> {
  return requestJson<AgentSession>(
    { baseUrl: url, token, giveUpAfterMs: 30_000 },
    { method: 'POST', path: '/v1/agent/session', body: { function: functionName, commands } },
  )
}
