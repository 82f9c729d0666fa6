import type { Logger } from 'pino'
import type { AgentLimits } from '../protocol/agent-session.js'
import type { Receiving } from '../protocol/receiving.js'
import type { PresenceWatch } from './agent-presence.js'
import type { AuditTrail } from './audit/audit-trail.js'
import type { InvocationFeed } from './events/invocation-feed.js'
import type { Authenticator } from './identity/authenticator.js'
import type { RateLimiter } from './identity/rate-limiter.js'
import type { TokenBuckets } from './identity/token-buckets.js'
import type { InvocationDeps } from './invocations/service.js'
import type { LateRefusals } from './late-refusals.js'

/** What the routes work with. */
export interface ServerDeps extends InvocationDeps {
  readonly authenticator: Authenticator
  readonly rateLimiter: RateLimiter
  /** What an agent does at Temporal by way of the HTTP API counts as its calls at the gateway do. */
  readonly agentRateLimiter: RateLimiter
  /** Of requests, by token. */
  readonly receiving: Receiving
  /** By deployment. */
  readonly manifestChanges: TokenBuckets
  readonly lateRefusals: LateRefusals
  readonly audit: AuditTrail
  /** What agents are told that they may do, as the gateway has it. */
  readonly agentLimits: AgentLimits
  /** Whether task tokens are sealed with the registry's keys, not with such as were given. */
  readonly sealsWithRegistry: boolean
  readonly feed: InvocationFeed
  readonly presence: PresenceWatch
  /** What a task token that an agent of the deployment shows is about; `undefined` when it is none of its own. */
  readonly taskOf: (
    sealed: Uint8Array,
    deploymentId: string,
  ) => { readonly invocationId: string; readonly attempt: number } | undefined
  /** Of the vendor worker in this process; `undefined` when it runs elsewhere. */
  readonly workerState: (() => string) | undefined
  readonly log: Logger
}
