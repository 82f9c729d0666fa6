/** How often somebody may call: a bucket that fills at a steady rate, and from which each call takes one. */
import { LRUCache } from 'lru-cache'

/** Of those who have not called for longest, the buckets are full again, or as good as that. */
const MAX_BUCKETS = 50_000

interface Bucket {
  left: number
  atMs: number
}

export interface RateLimit {
  /** Calls a second, in the long run. */
  readonly perSecond: number
  /** Calls at once, after a quiet time. */
  readonly burst: number
}

/** After a quiet time, so many seconds' worth may come at once. */
const BURST_SECONDS = 2

export const limitOf = (perSecond: number): RateLimit => ({
  perSecond,
  burst: Math.max(1, perSecond * BURST_SECONDS),
})

export class TokenBuckets {
  readonly #limit: RateLimit
  readonly #buckets = new LRUCache<string, Bucket>({ max: MAX_BUCKETS })

  constructor(limit: RateLimit) {
    this.#limit = limit
  }

  /** Takes one, and gives 0; when there is none, the ms until there is one. */
  take(who: string, nowMs = performance.now()): number {
    const { perSecond, burst } = this.#limit
    const { left, atMs } = this.#buckets.get(who) ?? { left: burst, atMs: nowMs }
    const now = Math.min(burst, left + ((nowMs - atMs) / 1_000) * perSecond)
    const taken = now >= 1 ? 1 : 0
    this.#buckets.set(who, { left: now - taken, atMs: nowMs })
    return taken === 1 ? 0 : Math.ceil(((1 - now) / perSecond) * 1_000)
  }

  /** One that was taken, and turned out not to count. */
  giveBack(who: string): void {
    const bucket = this.#buckets.get(who)
    if (bucket) bucket.left = Math.min(this.#limit.burst, bucket.left + 1)
  }
}
