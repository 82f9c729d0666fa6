/**
 * A vault whose values stay in memory for a short while, so that a handler may ask for a secret each time it needs it.
 *
 * 1. A value is given for at most the cache's time since it was asked for, so a rotation is seen within that time.
 * 2. That there is no such secret is not kept: one that is set is seen at once.
 * 3. What this process sets or deletes, it sees at once; a value that was asked for before is not kept.
 */
import type { VaultBackend } from './vault-backend.js'

interface Entry {
  readonly value: Promise<string | undefined>
  readonly untilMs: number
}

export class CachedVault implements VaultBackend {
  readonly maxBytes: number
  readonly #backend: VaultBackend
  readonly #ttlMs: number
  readonly #nowMs: () => number
  readonly #entries = new Map<string, Entry>()

  /** @param nowMs A clock that never goes back. */
  constructor(backend: VaultBackend, ttlMs: number, nowMs: () => number = () => performance.now()) {
    this.maxBytes = backend.maxBytes
    this.#backend = backend
    this.#ttlMs = ttlMs
    this.#nowMs = nowMs
  }

  howToSet(key: string): string {
    return this.#backend.howToSet(key)
  }

  get(key: string): Promise<string | undefined> {
    const cached = this.#entries.get(key)
    const nowMs = this.#nowMs()
    if (cached !== undefined && nowMs < cached.untilMs) return cached.value
    const entry: Entry = { value: this.#backend.get(key), untilMs: nowMs + this.#ttlMs }
    this.#entries.set(key, entry)
    const forget = (): void => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    }
    entry.value.then((value) => (value === undefined ? forget() : undefined), forget)
    return entry.value
  }

  set(key: string, value: string): Promise<void> {
    return this.#changing(key, () => this.#backend.set(key, value))
  }

  delete(key: string): Promise<void> {
    return this.#changing(key, () => this.#backend.delete(key))
  }

  list(): AsyncIterable<string> {
    return this.#backend.list()
  }

  async #changing(key: string, change: () => Promise<void>): Promise<void> {
    try {
      await change()
    } finally {
      this.#entries.delete(key)
    }
  }
}
