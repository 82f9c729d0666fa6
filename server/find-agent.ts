import type { DeploymentRef } from '../protocol/invocation.js'
import { CommandError } from '../protocol/errors.js'
import { agentQueue } from '../protocol/names.js'
import type { Registry } from './registry/open-registry.js'

export interface FoundAgent {
  readonly tokenId: string
  readonly deployment: DeploymentRef
  /** Task queues of its functions, as their agents published them. */
  readonly queues: ReadonlySet<string>
}

/** Whose agent has this token; `undefined` when nobody's, or it is expired or revoked. Rejects when the registry is down. */
export async function findAgent(registry: Registry, token: string): Promise<FoundAgent | undefined> {
  const verified = await registry.agentTokens.verify(token)
  if (verified === undefined) return undefined
  const { tokenId, deploymentId } = verified
  const [deployment, functionNames] = await Promise.all([
    registry.deployments.find(deploymentId).catch(unlessGone),
    registry.manifests.functionNames(deploymentId),
  ])
  if (deployment === undefined) return undefined
  return {
    tokenId,
    deployment: { id: deployment.id, name: deployment.name },
    queues: new Set(functionNames.map((name) => agentQueue(deploymentId, name))),
  }
}

/** Deleted between two questions. */
function unlessGone(error: unknown): undefined {
  if (error instanceof CommandError && error.code === 'deployment_not_found') return undefined
  throw error
}
