/**
 * Whose a token is. What was good lately is looked up whenever it has to be. Of what was not, an address has so many
 * look-ups ({@link Guesses}), and then:
 *
 *   a token never seen before ──► "come again" at once ──► looked up with all others of this moment, in one question
 *                                                             └─ good: the next time it is let in
 *
 * So nobody who has a good token is kept out for long by others behind the same address, however many they are. What is
 * remembered are hashes, and never too many.
 */
import { LRUCache } from 'lru-cache'
import { CommandError } from '../../protocol/errors.js'
import { BrieflyKnown, type Found } from '../briefly-known.js'
import { hashToken } from '../registry/tokens.js'
import type { Guesses } from './guesses.js'

/** More than there will be agents or API keys. */
const MAX_GOOD = 20_000
/** Who was told to come again is known by then: agents and clients of ours come after a second. */
const TOGETHER_MS = 500
/** In one question. Those who came last: who has a good token comes again, and again. */
const MAX_TOGETHER = 1_000

export interface TokenLookUps<Owner> {
  readonly lookUp: (token: string) => Promise<Found<Owner> | undefined>
  /** Which of these are the hashes of good tokens. */
  readonly goodOf: (hashes: readonly string[]) => Promise<readonly string[]>
}

export class TokenOwners<Owner> {
  readonly #lookUps: TokenLookUps<Owner>
  readonly #guesses: Guesses
  readonly #known: BrieflyKnown<Owner>
  /** Hashes of tokens. */
  readonly #good = new LRUCache<string, true>({ max: MAX_GOOD })
  readonly #turnedAway = new LRUCache<string, true>({ max: MAX_TOGETHER })
  #timer: NodeJS.Timeout | undefined

  constructor(lookUps: TokenLookUps<Owner>, guesses: Guesses) {
    this.#lookUps = lookUps
    this.#guesses = guesses
    this.#known = new BrieflyKnown(lookUps.lookUp, hashToken)
  }

  /**
   * As it was some seconds ago at most; `undefined` for a token that is nobody's, expired or revoked. Rejects when that
   * cannot be found out.
   *
   * @throws {CommandError} `rate_limited` when nobody looks, because of others at that address
   */
  async get(token: string, address: string): Promise<Owner | undefined> {
    const hash = hashToken(token)
    if (this.#good.has(hash)) return this.#getGood(token, hash, address)
    if (!this.#guesses.count(address)) {
      this.#lookUpLater(hash)
      throw tooManyGuesses()
    }
    let wrong = false
    try {
      const owner = await this.#known.get(token)
      wrong = owner === undefined
      if (owner !== undefined) this.#good.set(hash, true)
      return owner
    } finally {
      if (!wrong) this.#guesses.uncount(address)
    }
  }

  async #getGood(token: string, hash: string, address: string): Promise<Owner | undefined> {
    const owner = await this.#known.get(token)
    if (owner !== undefined) this.#good.set(hash, true)
    else {
      this.#good.delete(hash)
      this.#guesses.count(address)
    }
    return owner
  }

  /** As it is now, of a token that was good a moment ago. */
  getNow(token: string): Promise<Owner | undefined> {
    return this.#known.getNow(token)
  }

  /** To be called once something was changed here: it holds at once. */
  forget(): void {
    this.#known.forget()
  }

  #lookUpLater(hash: string): void {
    this.#turnedAway.set(hash, true)
    this.#timer ??= setTimeout(() => void this.#lookUpTogether(), TOGETHER_MS).unref()
  }

  async #lookUpTogether(): Promise<void> {
    const hashes = [...this.#turnedAway.rkeys()]
    this.#turnedAway.clear()
    // They come again, if the registry is down.
    const good = await this.#lookUps.goodOf(hashes).catch(() => [])
    for (const hash of good) this.#good.set(hash, true)
    // Only now: one question at a time.
    this.#timer = undefined
  }
}

/** Not that the token is wrong: nobody has looked, and it may be a good one. */
export const tooManyGuesses = (): CommandError =>
  new CommandError('rate_limited', 'this address shows too many tokens that are not valid; try again in a second')
