/** What a store of secrets must be able to do. `Vault` calls it; each backend is one file. Keys arrive checked. */
export interface VaultBackend {
  /** The secret's current value, or `undefined` when there is none. */
  get(key: string): Promise<string | undefined>
  /** Creates or replaces. @throws {BindingError} `unsupported` where secrets are set in another way. */
  set(key: string, value: string): Promise<void>
  /** Deleting what is not there is no error. @throws {BindingError} `unsupported`, as `set`. */
  delete(key: string): Promise<void>
  /** Every key, never a value; in any order, pages inside. */
  list(): AsyncIterable<string>
  /** Greatest secret that it takes, as UTF-8. */
  readonly maxBytes: number
  /** For the message about a missing secret: what its operator does to set it, as an imperative. */
  howToSet(key: string): string
}
