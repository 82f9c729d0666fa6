/**
 * The key of a local vault in the keyring of the operating system: Keychain, Credential Manager, or the Secret Service
 * of a Linux desktop. Whoever copies the disk has no key with it.
 */
import { randomBytes } from 'node:crypto'
import { BindingError } from '../binding-error.js'
import { loadSdk } from '../load-sdk.js'
import { KEY_BYTES, otherKind, parseKey, type KeyOrigin, type LocalVaultKey } from './local-vault-key.js'

/** Under which a keyring's own tools show the entries. */
const SERVICE = 'alien vault'

/** What we need of one of `@napi-rs/keyring`'s entries. */
export interface KeyringEntry {
  readonly getPassword: () => Promise<string | null | undefined>
  readonly setPassword: (password: string) => Promise<void>
}

type OpenEntry = (where: string, account: string) => Promise<KeyringEntry>

export class OsKeyring implements LocalVaultKey {
  readonly #account: string
  readonly #open: OpenEntry

  /** @param account The entry's name; made by the first `set`. */
  constructor(account: string, open: OpenEntry = openEntry) {
    this.#account = account
    this.#open = open
  }

  async create(where: string): Promise<KeyOrigin> {
    await this.#using(where, async (entry) => {
      // Another vault may have it, too.
      if (!(await entry.getPassword())) await entry.setPassword(randomBytes(KEY_BYTES).toString('base64'))
    })
    return { from: 'keyring' }
  }

  async of(where: string, origin: KeyOrigin): Promise<Buffer> {
    if (origin.from !== 'keyring') throw otherKind(where, origin)
    const text = await this.#using(where, (entry) => entry.getPassword())
    return parseKey(where, `the entry "${this.#account}" of the keyring`, text ?? undefined)
  }

  async #using<T>(where: string, action: (entry: KeyringEntry) => Promise<T>): Promise<T> {
    try {
      return await action(await this.#open(where, this.#account))
    } catch (error) {
      if (error instanceof BindingError) throw error
      const problem = 'the keyring of this machine cannot be used; unlock it, or give a keyFile or a passphraseVariable'
      throw new BindingError('access_denied', `${where}: ${problem}`, { cause: error })
    }
  }
}

const openEntry: OpenEntry = async (where, account) => {
  const { AsyncEntry } = await loadSdk(where, ['@napi-rs/keyring'], () => import('@napi-rs/keyring'))
  return new AsyncEntry(SERVICE, account)
}
