/** API keys and agent tokens, as `/v1/tokens` shows them: never the token itself, except once. */
import type { DeploymentRef } from './invocation.js'
import type { Rights } from './rights.js'

/** How long a rotated token stays good beside its successor, unless told otherwise. */
export const DEFAULT_OVERLAP_MS = 3_600_000

/** Of every agent token. An API key may be one of the operator's own making, and begin with anything else. */
export const AGENT_TOKEN_PREFIX = 'agt_'

interface TokenFacts {
  /** `keyid_…` or `agtid_…`: names the token where the token itself must not be shown. */
  readonly id: string
  /** `""` for an agent token that was given none. */
  readonly name: string
  readonly status: 'active' | 'expired' | 'revoked'
  /** ISO 8601. */
  readonly createdAt: string
  /** ISO 8601; `null`: never. */
  readonly expiresAt: string | null
  readonly revokedAt: string | null
}

export interface ApiKeyInfo extends TokenFacts, Rights {
  readonly kind: 'api-key'
}

export interface AgentTokenInfo extends TokenFacts {
  readonly kind: 'agent-token'
  readonly deployment: DeploymentRef
}

export type TokenInfo = ApiKeyInfo | AgentTokenInfo

/** The answer to the making of a token, the only one that has the token. */
export type NewToken = TokenInfo & { readonly token: string }

/** The answer to the rotation of a token. */
export type RotatedToken = NewToken & {
  /** The old one, with when it expires. */
  readonly replaces: TokenInfo
}
