/** Networks that showed more wrong tokens lately than they may: connections from there begin one by one, slowly. */
import { LRUCache } from 'lru-cache'

const CROWDED_MS = 10_000
/** Between two connections. */
const PACE_MS = 100
/** Who would have to wait for longer does better to dial again. */
const MAX_WAIT_MS = 5_000
const MAX_CROWDS = 10_000

/** Both on the clock of `performance.now()`. */
interface Crowd {
  untilMs: number
  /** When the next connection may begin. */
  nextMs: number
}

export class Crowds {
  /** By network, as `networkOf` has it. */
  readonly #crowds = new LRUCache<string, Crowd>({ max: MAX_CROWDS })

  /** One wrong token too many came from there. */
  notice(network: string, nowMs = performance.now()): void {
    const { nextMs } = this.#crowds.get(network) ?? { nextMs: nowMs }
    this.#crowds.set(network, { untilMs: nowMs + CROWDED_MS, nextMs })
  }

  /** ms until one more connection from there may begin; `undefined` when it would be too long. */
  admit(network: string, nowMs = performance.now()): number | undefined {
    const crowd = this.#crowds.get(network)
    if (crowd === undefined || crowd.untilMs < nowMs) return 0
    const beginMs = Math.max(crowd.nextMs, nowMs)
    if (beginMs - nowMs > MAX_WAIT_MS) return undefined
    crowd.nextMs = beginMs + PACE_MS
    return beginMs - nowMs
  }
}
