/**
 * Bounds how many wrong tokens an address may show. Each costs the registry a question, and whoever has no token can
 * send thousands a second.
 */
import { isIPv6 } from 'node:net'
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

/** In IPv6 one customer has 2^64 addresses at least: they are told apart by their networks, of 64 bits. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':')
  // `::` stands for zeros.
  return (tail === undefined ? groups : [...groups, 0, 0, 0]).slice(0, 4).join(':')
}
