/** Who is calling: an API key for the vendor's side, an agent token for a deployment's agents. */
import { CommandError } from '../../protocol/errors.js'
import type { Registry } from '../registry/open-registry.js'
import { Access } from './access.js'
import type { AgentCaller, ApiKeyCaller, Caller } from './caller.js'
import { TrustedTokens } from './trusted-tokens.js'

export class Authenticator {
  readonly #apiKeys: TrustedTokens<ApiKeyCaller>
  readonly #agentTokens: TrustedTokens<AgentCaller>

  constructor({ apiKeys, agentTokens }: Pick<Registry, 'apiKeys' | 'agentTokens'>) {
    this.#apiKeys = new TrustedTokens(async (token) => {
      const key = await apiKeys.verify(token)
      if (key === undefined) return undefined
      const { id, name, expiresAt } = key
      return { owner: { kind: 'api-key', id, name, access: new Access(key) }, expiresAt }
    })
    this.#agentTokens = new TrustedTokens(async (token) => {
      const verified = await agentTokens.verify(token)
      if (verified === undefined) return undefined
      const { tokenId: id, deploymentId, expiresAt } = verified
      return { owner: { kind: 'agent-token', id, deploymentId }, expiresAt }
    })
  }

  /** @throws {CommandError} `unauthenticated` */
  async apiKey(authorization: string | undefined): Promise<ApiKeyCaller> {
    return ownerOf(this.#apiKeys, bearerToken(authorization, 'key'), 'API key')
  }

  /** @throws {CommandError} `unauthenticated` */
  async agentToken(authorization: string | undefined): Promise<AgentCaller> {
    return ownerOf(this.#agentTokens, bearerToken(authorization, 'agt'), 'agent token')
  }

  /** To be called once a token was revoked, its end brought forward, or its deployment deleted: it holds at once. */
  forget(): void {
    this.#apiKeys.forget()
    this.#agentTokens.forget()
  }
}

function bearerToken(authorization: string | undefined, kind: 'key' | 'agt'): string {
  const [scheme, token] = (authorization ?? '').split(' ')
  if (scheme?.toLowerCase() === 'bearer' && token) return token
  throw new CommandError('unauthenticated', `a token is required: send the header "authorization: Bearer ${kind}_…"`)
}

async function ownerOf<Owner extends Caller>(
  tokens: TrustedTokens<Owner>,
  token: string,
  what: string,
): Promise<Owner> {
  const owner = await tokens.ownerOf(token)
  if (owner) return owner
  throw new CommandError('unauthenticated', `the ${what} is not valid: it is unknown, expired or revoked`)
}
