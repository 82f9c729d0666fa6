/** Who is calling: an API key for the vendor's side, an agent token for a deployment's agents. */
import { CommandError } from '../../protocol/errors.js'
import type { ResponseTokens } from '../../protocol/response-token.js'
import { BrieflyKnown } from '../briefly-known.js'
import type { Registry } from '../registry/open-registry.js'
import { hashToken } from '../registry/tokens.js'
import { Access } from './access.js'
import type { AgentCaller, ApiKeyCaller, Caller, RuntimeCaller } from './caller.js'
import { findAgent } from './find-agent.js'

export class Authenticator {
  readonly #apiKeys: BrieflyKnown<ApiKeyCaller>
  /** By their tokens. */
  readonly agents: BrieflyKnown<AgentCaller>

  readonly #responseTokens: Pick<ResponseTokens, 'verify'>

  constructor(registry: Registry, responseTokens: Pick<ResponseTokens, 'verify'>) {
    this.#responseTokens = responseTokens
    this.#apiKeys = new BrieflyKnown(async (token) => {
      const key = await registry.apiKeys.verify(token)
      if (key === undefined) return undefined
      const { id: tokenId, name, expiresAt } = key
      return { value: { kind: 'api-key', tokenId, name, access: new Access(key) }, expiresAt }
    }, hashToken)
    this.agents = new BrieflyKnown((token) => findAgent(registry, token), hashToken)
  }

  /** @throws {CommandError} `unauthenticated` */
  async apiKey(authorization: string | undefined): Promise<ApiKeyCaller> {
    return ownerOf(this.#apiKeys, bearerToken(authorization, 'key'), 'API key')
  }

  /** @throws {CommandError} `unauthenticated` */
  async agentToken(authorization: string | undefined): Promise<AgentCaller> {
    return ownerOf(this.agents, bearerToken(authorization, 'agt'), 'agent token')
  }

  /** @throws {CommandError} `unauthenticated`, the same whatever is wrong with it, and whatever there is */
  responseToken(authorization: string | undefined, invocationId: string): RuntimeCaller {
    const attempt = this.#responseTokens.verify(bearerToken(authorization, 'rsp'), invocationId)
    if (attempt !== undefined) return { invocationId, attempt }
    throw new CommandError(
      'unauthenticated',
      'the response token is not valid: it is unknown, expired or of another invocation',
    )
  }

  /** To be called once a token was revoked, its end brought forward, or its deployment deleted: it holds at once. */
  forget(): void {
    this.#apiKeys.forget()
    this.agents.forget()
  }
}

function bearerToken(authorization: string | undefined, kind: 'key' | 'agt' | 'rsp'): string {
  const [scheme, token] = (authorization ?? '').split(' ')
  if (scheme?.toLowerCase() === 'bearer' && token) return token
  throw new CommandError('unauthenticated', `a token is required: send the header "authorization: Bearer ${kind}_…"`)
}

async function ownerOf<Owner extends Caller>(tokens: BrieflyKnown<Owner>, token: string, what: string): Promise<Owner> {
  const owner = await tokens.get(token)
  if (owner) return owner
  throw new CommandError('unauthenticated', `the ${what} is not valid: it is unknown, expired or revoked`)
}
