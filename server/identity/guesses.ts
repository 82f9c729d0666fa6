/**
 * Bounds how many wrong tokens an address may show. Each costs the registry a question, and whoever has no token can
 * send thousands a second.
 */
import { networkOf } from '../../protocol/network-of.js'
import { limitOf, TokenBuckets } from './token-buckets.js'

export class Guesses {
  readonly #buckets: TokenBuckets | undefined

  /** @param perSecond wrong tokens a second, twice as many at once; 0: no limit */
  constructor(perSecond: number) {
    if (perSecond > 0) this.#buckets = new TokenBuckets(limitOf(perSecond))
  }

  /** Counts a token of which nobody knows yet what it is. `false` when it is one too many. */
  count(address: string): boolean {
    return this.#buckets === undefined || this.#buckets.take(networkOf(address)) === 0
  }

  /** It was no wrong one, or nobody could tell. */
  uncount(address: string): void {
    this.#buckets?.giveBack(networkOf(address))
  }
}
