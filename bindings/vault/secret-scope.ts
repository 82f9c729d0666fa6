/**
 * Which secrets the attempt under way has read or set, so that they can be taken out of what it lets out. Secrets that are
 * read outside any attempt, when a handlers' module is loaded, belong to all.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { Redactor } from './redact.js'

const scopes = new AsyncLocalStorage<SecretScope>()

/** Called by `Vault` for every value that it gives out or is given. */
export function rememberSecret(value: string): void {
  SecretScope.current().add(value)
}

export class SecretScope {
  static readonly #outside = new SecretScope()
  readonly #secrets = new Set<string>()
  #made: { readonly count: number; readonly redactor: Redactor } | undefined

  /** Runs `action`, and all that it starts, in a scope of its own. */
  static run<T>(action: () => T): T {
    return scopes.run(new SecretScope(), action)
  }

  /** That of the attempt that this code runs for; keep it where code of others may call back. */
  static current(): SecretScope {
    return scopes.getStore() ?? SecretScope.#outside
  }

  add(value: string): void {
    this.#secrets.add(value)
  }

  /** Knows the secrets that were read until now. */
  get redactor(): Redactor {
    const secrets = new Set([...this.#secrets, ...SecretScope.#outside.#secrets])
    // Secrets are added only, so that their number tells.
    if (this.#made?.count !== secrets.size) this.#made = { count: secrets.size, redactor: new Redactor(secrets) }
    return this.#made.redactor
  }
}
