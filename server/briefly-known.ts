/**
 * Answers of the registry, remembered for a moment: whoever calls many times a second is looked up once.
 *
 * 1. Only what was found is remembered, so a token or a deployment that does not exist always costs a look-up.
 * 2. For {@link KNOWN_MS} at most, and never past its own end.
 * 3. After `forget`, nothing that was looked up before it is believed, not even an answer still under way.
 */
import { LRUCache } from 'lru-cache'

/** How long what another process changed may go unnoticed, e.g. a token that was revoked there. */
const KNOWN_MS = 2_000
const MAX_KNOWN = 10_000

export interface Found<Value> {
  readonly value: Value
  /** ISO 8601; `null`: never. */
  readonly expiresAt: string | null
}

type LookUp<Value> = (key: string) => Promise<Found<Value> | undefined>

export class BrieflyKnown<Value> {
  readonly #lookUp: LookUp<Value>
  readonly #nameOf: (key: string) => string
  readonly #known = new LRUCache<string, { readonly value: Value; readonly untilMs: number }>({ max: MAX_KNOWN })
  /** How often all was forgotten. */
  #forgotten = 0

  /** @param nameOf what an answer is remembered by: of a token its hash, for tokens have no business in memory */
  constructor(lookUp: LookUp<Value>, nameOf = (key: string) => key) {
    this.#lookUp = lookUp
    this.#nameOf = nameOf
  }

  /** As it was at most a moment ago; `undefined` when there is no such thing. Rejects when the look-up does. */
  async get(key: string): Promise<Value | undefined> {
    const known = this.#known.get(this.#nameOf(key))
    return known && known.untilMs > Date.now() ? known.value : this.getNow(key)
  }

  /** As it is now. */
  async getNow(key: string): Promise<Value | undefined> {
    const forgotten = this.#forgotten
    const name = this.#nameOf(key)
    const found = await this.#lookUp(key)
    // It may be of before the change that made all be forgotten (3).
    if (forgotten !== this.#forgotten) return found?.value
    if (found === undefined) {
      this.#known.delete(name)
      return undefined
    }
    const endMs = found.expiresAt === null ? Infinity : Date.parse(found.expiresAt)
    this.#known.set(name, { value: found.value, untilMs: Math.min(Date.now() + KNOWN_MS, endMs) })
    return found.value
  }

  /**
   * To be called once something was changed here: it holds at once.
   *
   * @param keys of what was changed. Default: of anything.
   */
  forget(keys?: readonly string[]): void {
    this.#forgotten += 1
    if (keys === undefined) this.#known.clear()
    else for (const key of keys) this.#known.delete(this.#nameOf(key))
  }
}
