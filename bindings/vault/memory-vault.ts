/** A vault in this process's memory, for tests: gone with the process. */
import { MAX_SECRET_BYTES } from './secret-key.js'
import type { VaultBackend } from './vault-backend.js'

export class MemoryVault implements VaultBackend {
  readonly maxBytes = MAX_SECRET_BYTES
  readonly #secrets = new Map<string, string>()

  howToSet(key: string): string {
    return `call set("${key}", …) in this process`
  }

  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.#secrets.get(key))
  }

  set(key: string, value: string): Promise<void> {
    this.#secrets.set(key, value)
    return Promise.resolve()
  }

  delete(key: string): Promise<void> {
    this.#secrets.delete(key)
    return Promise.resolve()
  }

  async *list(): AsyncGenerator<string> {
    yield* await Promise.resolve([...this.#secrets.keys()])
  }
}
