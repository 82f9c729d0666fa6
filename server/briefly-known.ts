/**
 * Answers of the registry, remembered for a moment: whoever calls many times a second is looked up once.
 *
 * 1. Only what was found is remembered, so a token or a deployment that does not exist always costs a look-up.
 * 2. For {@link KNOWN_MS} at most, and never past its own end.
 * 3. After `forget`, nothing that was looked up before it is believed, not even an answer still under way.
 */

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
  #known = new Map<string, { readonly value: Value; readonly untilMs: number }>()

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
    // The map of now: should it be replaced meanwhile, the answer is kept where nobody looks (3).
    const known = this.#known
    const name = this.#nameOf(key)
    const found = await this.#lookUp(key)
    known.delete(name)
    if (found === undefined) return undefined
    const endMs = found.expiresAt === null ? Infinity : Date.parse(found.expiresAt)
    known.set(name, { value: found.value, untilMs: Math.min(Date.now() + KNOWN_MS, endMs) })
    const [oldest] = known.keys()
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest)
    return found.value
  }

  /** To be called once something was changed here: it holds at once. */
  forget(): void {
    this.#known = new Map()
  }
}
