/** What a store of secrets must be able to do. `Vault` calls it; each backend is one file. Keys arrive checked. */
export interface VaultBackend {
  /** The secret's current value, or `undefined` when there is none. */
  get(key: string): Promise<string | undefined>
  /** Creates or replaces. */
  set(key: string, value: string): Promise<void>
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>
  /** Every key, never a value; in any order, pages inside. */
  list(): AsyncIterable<string>
  /** For the message about a missing secret: what its operator does to set it, as an imperative. */
  readonly howToSet: string
}
