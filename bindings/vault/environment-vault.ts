/** Secrets in variables of this process: the variable of a key is the prefix and the key, letter for letter. */
import { ReadOnlyVault } from './read-only-vault.js'
import { keysAmong } from './secret-key.js'

export interface EnvironmentVaultOptions {
  /** The vault's name, for messages. */
  readonly name: string
  readonly prefix: string
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

export class EnvironmentVault extends ReadOnlyVault {
  readonly #prefix: string
  readonly #environment: Readonly<Record<string, string | undefined>>

  constructor({ name, prefix, environment = process.env }: EnvironmentVaultOptions) {
    super(name)
    this.#prefix = prefix
    this.#environment = environment
  }

  howToSet(key: string): string {
    return `start this process with the variable ${this.#prefix}${key}`
  }

  get(key: string): Promise<string | undefined> {
    const variable = this.#prefix + key
    // An empty variable is one that is not set.
    const value = Object.hasOwn(this.#environment, variable) ? this.#environment[variable] : undefined
    return Promise.resolve(value === '' ? undefined : value)
  }

  async *list(): AsyncGenerator<string> {
    for (const key of keysAmong(Object.keys(this.#environment), this.#prefix)) {
      if ((await this.get(key)) !== undefined) yield key
    }
  }
}
