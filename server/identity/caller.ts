import type { Actor } from '../../protocol/audit.js'
import type { DeploymentRef } from '../../protocol/invocation.js'
import type { ResponseSubject } from '../../protocol/response-token.js'
import type { Access } from './access.js'

/** A vendor's program or person, by the API key it showed. */
export interface ApiKeyCaller {
  readonly kind: 'api-key'
  readonly tokenId: string
  readonly name: string
  readonly access: Access
}

/** A deployment's agent, by the token it showed. */
export interface AgentCaller {
  readonly kind: 'agent-token'
  readonly tokenId: string
  readonly deployment: DeploymentRef
  /** When its token ends, ISO 8601; `null`: never. */
  readonly expiresAt: string | null
  /** Task queues of the deployment's functions, as their agents published them. */
  readonly queues: ReadonlySet<string>
}

/** A handler runtime, by the token in the envelope that it was sent. */
export interface RuntimeCaller extends ResponseSubject {
  readonly invocationId: string
}

export type Caller = ApiKeyCaller | AgentCaller

export const actorOf = (caller: Caller): Actor =>
  caller.kind === 'api-key'
    ? { kind: caller.kind, id: caller.tokenId, name: caller.name }
    : { kind: caller.kind, id: caller.tokenId, deploymentId: caller.deployment.id }
