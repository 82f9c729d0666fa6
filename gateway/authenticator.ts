/**
 * Whose token a call carries. A token that was good is taken as good for a moment, since an agent calls many times a
 * second while it works.
 */
import { createHash } from 'node:crypto'
import { status, type Metadata } from '@grpc/grpc-js'
import type { Agent } from './agent.js'
import { Refusal, unavailable } from './refusal.js'

/** `undefined` for a token nobody has, or that is expired or revoked. Rejects when that cannot be found out now. */
export type FindAgent = (token: string) => Promise<Agent | undefined>

/** How long a revoked token may go on. */
const TRUSTED_MS = 2_000
const MAX_TRUSTED = 10_000
const MAX_TOKEN_LENGTH = 512

export interface Authenticated {
  readonly agent: Agent
  /** Asks again, past what is trusted. `undefined` once the token is no longer good. */
  readonly recheck: () => Promise<Agent | undefined>
}

export class Authenticator {
  readonly #find: FindAgent
  /** By digest, for a token has no business in memory longer than its call. */
  readonly #trusted = new Map<string, { readonly agent: Agent; readonly untilMs: number }>()

  constructor(find: FindAgent) {
    this.#find = find
  }

  /** @throws {Refusal} UNAUTHENTICATED, or UNAVAILABLE when the registry cannot be asked */
  async authenticate(metadata: Metadata): Promise<Authenticated> {
    const token = bearerToken(metadata)
    const digest = createHash('sha256').update(token).digest('base64')
    const recheck = () => this.#ask(token, digest)
    const trusted = this.#trusted.get(digest)
    if (trusted && trusted.untilMs > Date.now()) return { agent: trusted.agent, recheck }
    const agent = await recheck()
    if (agent === undefined) throw unauthenticated()
    return { agent, recheck }
  }

  async #ask(token: string, digest: string): Promise<Agent | undefined> {
    const agent = await this.#find(token).catch(() => {
      throw unavailable('the registry cannot be reached')
    })
    this.#trusted.delete(digest)
    if (agent) this.#trust(digest, agent)
    return agent
  }

  #trust(digest: string, agent: Agent): void {
    this.#trusted.set(digest, { agent, untilMs: Date.now() + TRUSTED_MS })
    const [oldest] = this.#trusted.keys()
    if (this.#trusted.size > MAX_TRUSTED && oldest !== undefined) this.#trusted.delete(oldest)
  }
}

function bearerToken(metadata: Metadata): string {
  const values = metadata.get('authorization')
  const [scheme, token] = String(values[0] ?? '').split(' ')
  if (values.length !== 1 || scheme?.toLowerCase() !== 'bearer' || !token || token.length > MAX_TOKEN_LENGTH) {
    throw unauthenticated()
  }
  return token
}

/** One answer to every bad token: nothing is to be learned from it. */
const unauthenticated = (): Refusal => new Refusal(status.UNAUTHENTICATED, 'the agent token is not valid')
