/**
 * Whom tokens belong to, remembered for a moment: a program that calls many times a second is looked up once.
 *
 * 1. Only tokens that were good are remembered, so one that is unknown, expired or revoked always costs a look-up.
 * 2. For {@link TRUSTED_MS} at most, and never past the token's own end.
 * 3. After `forget`, nothing that was looked up before it is believed, not even an answer still under way.
 */
import { hashToken } from '../registry/tokens.js'

/** How long a token that another process revoked may go on. */
const TRUSTED_MS = 2_000
const MAX_TRUSTED = 10_000

interface Trusted<Owner> {
  readonly owner: Owner
  readonly untilMs: number
}

export interface Verified<Owner> {
  readonly owner: Owner
  /** ISO 8601; `null`: never. */
  readonly expiresAt: string | null
}

export class TrustedTokens<Owner> {
  readonly #lookUp: (token: string) => Promise<Verified<Owner> | undefined>
  /** By hash, for a token has no business in memory longer than its call. */
  #trusted = new Map<string, Trusted<Owner>>()

  constructor(lookUp: (token: string) => Promise<Verified<Owner> | undefined>) {
    this.#lookUp = lookUp
  }

  /** `undefined` for a token that is nobody's, expired or revoked. */
  async ownerOf(token: string): Promise<Owner | undefined> {
    const hash = hashToken(token)
    const known = this.#trusted.get(hash)
    if (known && known.untilMs > Date.now()) return known.owner
    // The map of now: should it be replaced meanwhile, the answer is kept where nobody looks (3).
    const trusted = this.#trusted
    const verified = await this.#lookUp(token)
    trusted.delete(hash)
    if (verified === undefined) return undefined
    const endMs = verified.expiresAt === null ? Infinity : Date.parse(verified.expiresAt)
    trusted.set(hash, { owner: verified.owner, untilMs: Math.min(Date.now() + TRUSTED_MS, endMs) })
    const [oldest] = trusted.keys()
    if (trusted.size > MAX_TRUSTED && oldest !== undefined) trusted.delete(oldest)
    return verified.owner
  }

  /** To be called once a token was revoked, its end brought forward, or its deployment deleted. */
  forget(): void {
    this.#trusted = new Map()
  }
}
