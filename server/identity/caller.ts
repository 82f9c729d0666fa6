import type { Actor } from '../../protocol/audit.js'
import type { Access } from './access.js'

/** A vendor's program or person, by the API key it showed. */
export interface ApiKeyCaller {
  readonly kind: 'api-key'
  readonly id: string
  readonly name: string
  readonly access: Access
}

/** A deployment's agent, by the token it showed. */
export interface AgentCaller {
  readonly kind: 'agent-token'
  readonly id: string
  readonly deploymentId: string
}

export type Caller = ApiKeyCaller | AgentCaller

export const actorOf = (caller: Caller): Actor =>
  caller.kind === 'api-key'
    ? { kind: caller.kind, id: caller.id, name: caller.name }
    : { kind: caller.kind, id: caller.id, deploymentId: caller.deploymentId }
