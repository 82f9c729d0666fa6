import { agentQueue } from '../../protocol/names.js'
import type { Found } from '../briefly-known.js'
import type { AgentTokens } from '../registry/agent-tokens.js'
import type { AgentCaller } from './caller.js'

/** Whose agent has this token; `undefined` when nobody's, or it is expired or revoked. Rejects when the registry is down. */
export async function findAgent(agentTokens: AgentTokens, token: string): Promise<Found<AgentCaller> | undefined> {
  const verified = await agentTokens.verify(token)
  if (verified === undefined) return undefined
  const { tokenId, deployment, functionNames, expiresAt } = verified
  const queues = new Set(functionNames.map((functionName) => agentQueue(deployment.id, functionName)))
  return { value: { kind: 'agent-token', tokenId, deployment, expiresAt, queues }, expiresAt }
}
