/** Bounds how often each token may call, and each address that shows no good one. */
import { TokenBuckets } from './token-buckets.js'

export const DEFAULT_CALLS_PER_SECOND = 100
/**
 * Of an agent token at the gateway. One agent with 100 handlers at work makes some 100 calls a second, and some 3 more
 * for each command that it finishes; a token may be shared by several.
 */
export const DEFAULT_AGENT_CALLS_PER_SECOND = 2_000

/** After a quiet time, so many seconds' worth may come at once. */
const BURST_SECONDS = 2

export class RateLimiter {
  readonly perSecond: number
  readonly #tokens: TokenBuckets | undefined
  readonly #addresses: TokenBuckets | undefined

  /** @param perSecond calls a second; 0: no limit */
  constructor(perSecond: number) {
    this.perSecond = perSecond
    if (perSecond === 0) return
    const limit = { perSecond, burst: Math.max(1, perSecond * BURST_SECONDS) }
    this.#tokens = new TokenBuckets(limit)
    this.#addresses = new TokenBuckets(limit)
  }

  /** Counts a call, and gives the ms to wait for when it is one too many, else 0. */
  countToken(id: string): number {
    return this.#tokens?.take(id) ?? 0
  }

  /** As {@link countToken}. Not for who has a good token: nobody is to be kept out by others behind the same address. */
  countAddress(address: string): number {
    return this.#addresses?.take(address) ?? 0
  }
}
