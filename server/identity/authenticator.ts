/** Who is calling: an API key for the vendor's side, an agent token for a deployment's agents. */
import { CommandError } from '../../protocol/errors.js'
import type { ResponseTokens } from '../../protocol/response-token.js'
import type { Found } from '../briefly-known.js'
import type { Registry } from '../registry/open-registry.js'
import { Access } from './access.js'
import type { AgentCaller, ApiKeyCaller, Caller, RuntimeCaller } from './caller.js'
import { findAgent } from './find-agent.js'
import { Guesses } from './guesses.js'
import { TokenOwners, tooManyGuesses } from './token-owners.js'

/** What a call shows, and from where. */
export interface Presented {
  readonly authorization: string | undefined
  /** IP address. */
  readonly address: string
}

export class Authenticator {
  readonly #apiKeys: TokenOwners<ApiKeyCaller>
  /** By their tokens. */
  readonly agents: TokenOwners<AgentCaller>
  readonly #responseTokens: Pick<ResponseTokens, 'verify'>
  readonly #guesses: Guesses

  /** @param guessesPerSecond wrong tokens that each address may show; 0: no limit */
  constructor(registry: Registry, responseTokens: Pick<ResponseTokens, 'verify'>, guessesPerSecond: number) {
    const { apiKeys, agentTokens } = registry
    this.#responseTokens = responseTokens
    this.#guesses = new Guesses(guessesPerSecond)
    const findKey = async (token: string): Promise<Found<ApiKeyCaller> | undefined> => {
      const key = await apiKeys.verify(token)
      if (key === undefined) return undefined
      const { id: tokenId, name, expiresAt } = key
      return { value: { kind: 'api-key', tokenId, name, access: new Access(key) }, expiresAt }
    }
    this.#apiKeys = new TokenOwners({ lookUp: findKey, goodOf: (hashes) => apiKeys.goodHashes(hashes) }, this.#guesses)
    this.agents = new TokenOwners(
      { lookUp: (token) => findAgent(agentTokens, token), goodOf: (hashes) => agentTokens.goodHashes(hashes) },
      this.#guesses,
    )
  }

  /** @throws {CommandError} `unauthenticated`, or `rate_limited` for an address that shows too many wrong tokens */
  apiKey(presented: Presented): Promise<ApiKeyCaller> {
    return this.#ownerOf(this.#apiKeys, presented, 'API key', 'key')
  }

  /** @throws {CommandError} as {@link apiKey} */
  agentToken(presented: Presented): Promise<AgentCaller> {
    return this.#ownerOf(this.agents, presented, 'agent token', 'agt')
  }

  /** @throws {CommandError} as {@link apiKey}: the same whatever is wrong with it, and whatever there is */
  responseToken({ authorization, address }: Presented, invocationId: string): RuntimeCaller {
    const token = bearerToken(authorization)
    const subject = token === undefined ? undefined : this.#responseTokens.verify(token, invocationId)
    if (subject !== undefined) return { invocationId, ...subject }
    this.#countGuess(address)
    if (token === undefined) throw tokenRequired('rsp')
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

  async #ownerOf<Owner extends Caller>(
    tokens: TokenOwners<Owner>,
    { authorization, address }: Presented,
    what: string,
    prefix: string,
  ): Promise<Owner> {
    const token = bearerToken(authorization)
    if (token === undefined) {
      this.#countGuess(address)
      throw tokenRequired(prefix)
    }
    const owner = await tokens.get(token, address)
    if (owner) return owner
    throw new CommandError('unauthenticated', `the ${what} is not valid: it is unknown, expired or revoked`)
  }

  /** Of what asks no registry. */
  #countGuess(address: string): void {
    if (!this.#guesses.count(address)) throw tooManyGuesses()
  }
}

function bearerToken(authorization = ''): string | undefined {
  const [scheme, token] = authorization.split(' ')
  return scheme?.toLowerCase() === 'bearer' && token ? token : undefined
}

const tokenRequired = (prefix: string): CommandError =>
  new CommandError('unauthenticated', `a token is required: send the header "authorization: Bearer ${prefix}_…"`)
