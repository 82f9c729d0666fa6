/**
 * Which secrets the attempt under way has read, so that they can be taken out of what it lets out. Secrets that are
 * read outside any attempt, when a handlers' module is loaded, belong to all.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { Redactor } from './redact.js'

const scopes = new AsyncLocalStorage<SecretScope>()

const readByAll = new Set<string>()

/** Called by `Vault` for every value that it gives out. */
export function rememberSecret(value: string): void {
  const scope = scopes.getStore()
  if (scope === undefined) readByAll.add(value)
  else scope.add(value)
}

export class SecretScope {
  readonly #secrets = new Set<string>()
  #made: { readonly count: number; readonly redactor: Redactor } | undefined

  /** Runs `action`, and all that it starts, in this scope. */
  run<T>(action: () => T): T {
    return scopes.run(this, action)
  }

  add(value: string): void {
    this.#secrets.add(value)
  }

  /** Knows the secrets that were read until now. */
  get redactor(): Redactor {
    const count = this.#secrets.size + readByAll.size
    if (this.#made?.count !== count) {
      this.#made = { count, redactor: new Redactor([...this.#secrets, ...readByAll]) }
    }
    return this.#made.redactor
  }
}
