/** The vault that handlers see: checks keys and values, words the errors. No message, here or below, holds a value. */
import type { JsonValue } from '../../protocol/json.js'
import { quote } from '../../protocol/resource-name.js'
import { BindingError } from '../binding-error.js'
import { rememberSecret } from './secret-scope.js'
import { SECRET_KEY } from './secret-key.js'
import type { VaultBackend } from './vault-backend.js'

export class Vault {
  readonly name: string
  readonly #backend: () => Promise<VaultBackend>

  /** @param backend Called by each operation, so that a vault can be named before it is configured. */
  constructor(name: string, backend: () => Promise<VaultBackend>) {
    this.name = name
    this.#backend = backend
  }

  /** The secret as the string it was set to. @throws {BindingError} `not_found`; `get` asks without throwing. */
  async getSecret(key: string): Promise<string> {
    const value = await this.get(key)
    if (value !== undefined) return value
    const backend = await this.#backend()
    throw new BindingError('not_found', `no ${this.#where(key)}; ${backend.howToSet(key)}`)
  }

  /** The secret, or `undefined` when there is none. */
  async get(key: string): Promise<string | undefined> {
    this.#assertKey(key)
    const backend = await this.#backend()
    const value = await backend.get(key)
    if (value !== undefined) rememberSecret(value)
    return value
  }

  /** @throws {BindingError} `not_found`; `invalid_content` when the secret is no JSON. */
  async getJson<T = JsonValue>(key: string): Promise<T> {
    const value = await this.getSecret(key)
    try {
      return JSON.parse(value) as T
    } catch {
      // Without the parser's error as a cause: its message quotes the secret.
      throw new BindingError('invalid_content', `${this.#where(key)} is not JSON`)
    }
  }

  /** @param value 1 byte to 64 KiB as UTF-8; to 25 KiB in Azure Key Vault, to 8 KiB in AWS's Parameter Store. */
  async set(key: string, value: string): Promise<void> {
    this.#assertKey(key)
    const problem = valueProblem(value)
    if (problem !== undefined) throw this.#invalidValue(key, problem)
    // Before it is one, so that what fails with it does not say it.
    rememberSecret(value)
    const backend = await this.#backend()
    const bytes = Buffer.byteLength(value)
    if (bytes > backend.maxBytes) {
      throw this.#invalidValue(key, `must have at most ${backend.maxBytes} bytes, and has ${bytes}`)
    }
    await backend.set(key, value)
  }

  /** Deleting a secret that is not there is no error. */
  async delete(key: string): Promise<void> {
    this.#assertKey(key)
    const backend = await this.#backend()
    await backend.delete(key)
  }

  /** The keys of all secrets, sorted. */
  async list(): Promise<string[]> {
    const backend = await this.#backend()
    const keys: string[] = []
    for await (const key of backend.list()) keys.push(key)
    return keys.sort()
  }

  #assertKey(key: unknown): asserts key is string {
    if (typeof key === 'string' && SECRET_KEY.test(key)) return
    const rule = 'it must be 1 to 127 letters, digits, "-" or "_", and start with a letter or digit'
    throw new BindingError('invalid_key', `key ${quote(key)} in vault "${this.name}" is not allowed: ${rule}`)
  }

  #invalidValue(key: string, problem: string): BindingError {
    return new BindingError('invalid_value', `${this.#where(key)} ${problem}`)
  }

  #where(key: string): string {
    return `secret "${key}" in vault "${this.name}"`
  }
}

function valueProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return `must be a string, got a value of type ${typeof value}`
  return value === '' ? 'must not be empty' : undefined
}
