/** What vaults have in common that others fill: the process's environment, a mounted folder. */
import { BindingError } from '../binding-error.js'
import { MAX_SECRET_BYTES } from './secret-key.js'
import type { VaultBackend } from './vault-backend.js'

export abstract class ReadOnlyVault implements VaultBackend {
  readonly maxBytes = MAX_SECRET_BYTES
  readonly #name: string

  /** @param name The vault's name, for messages. */
  constructor(name: string) {
    this.#name = name
  }

  abstract get(key: string): Promise<string | undefined>
  abstract list(): AsyncIterable<string>
  abstract howToSet(key: string): string

  set(key: string): Promise<void> {
    return this.#refuse(key, 'set', this.howToSet(key))
  }

  delete(key: string): Promise<void> {
    return this.#refuse(key, 'deleted', 'remove it where it comes from')
  }

  #refuse(key: string, what: string, remedy: string): Promise<never> {
    const problem = `secret "${key}" in vault "${this.#name}" cannot be ${what} from here`
    return Promise.reject(new BindingError('unsupported', `${problem}; ${remedy}`))
  }
}
