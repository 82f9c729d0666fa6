/** Bounds how often each token may call, and each address at what asks for no token. */
import { limitOf, TokenBuckets, type RateLimit } from './token-buckets.js'

export const DEFAULT_CALLS_PER_SECOND = 100
/**
 * Of an agent token at the gateway. One agent with 100 handlers at work makes some 100 calls a second, and some 3 more
 * for each command that it finishes; a token may be shared by several.
 */
export const DEFAULT_AGENT_CALLS_PER_SECOND = 2_000

/**
 * How often what a deployment's agents publish may become another. When the control plane is back, each of hundreds of
 * agents publishes at once, half of them in a version that is about to go.
 */
export const MANIFEST_CHANGES: RateLimit = { perSecond: 0.2, burst: 500 }

export class RateLimiter {
  readonly perSecond: number
  readonly #tokens: TokenBuckets | undefined
  readonly #addresses: TokenBuckets | undefined

  /** @param perSecond calls a second; 0: no limit */
  constructor(perSecond: number) {
    this.perSecond = perSecond
    if (perSecond === 0) return
    this.#tokens = new TokenBuckets(limitOf(perSecond))
    this.#addresses = new TokenBuckets(limitOf(perSecond))
  }

  /** Counts a call, and gives the ms to wait for when it is one too many, else 0. */
  countToken(id: string): number {
    return this.#tokens?.take(id) ?? 0
  }

  /** As {@link countToken}. Wrong tokens are counted elsewhere: nobody is to keep a probe of the health from its answer. */
  countAddress(address: string): number {
    return this.#addresses?.take(address) ?? 0
  }
}
