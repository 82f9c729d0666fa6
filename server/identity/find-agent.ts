import { CommandError } from '../../protocol/errors.js'
import { agentQueue } from '../../protocol/names.js'
import type { Found } from '../briefly-known.js'
import type { Registry } from '../registry/open-registry.js'
import type { AgentCaller } from './caller.js'

/** Whose agent has this token; `undefined` when nobody's, or it is expired or revoked. Rejects when the registry is down. */
export async function findAgent(registry: Registry, token: string): Promise<Found<AgentCaller> | undefined> {
  const verified = await registry.agentTokens.verify(token)
  if (verified === undefined) return undefined
  const { tokenId, deploymentId, expiresAt } = verified
  const [deployment, functionNames] = await Promise.all([
    registry.deployments.find(deploymentId).catch(unlessGone),
    registry.manifests.functionNames(deploymentId),
  ])
  if (deployment === undefined) return undefined
  const { id, name } = deployment
  const queues = new Set(functionNames.map((functionName) => agentQueue(id, functionName)))
  return { value: { kind: 'agent-token', tokenId, deployment: { id, name }, queues }, expiresAt }
}

/** Deleted between two questions. */
function unlessGone(error: unknown): undefined {
  if (error instanceof CommandError && error.code === 'deployment_not_found') return undefined
  throw error
}
