/**
 * A vault in one encrypted file of this machine, which is read anew each time and replaced as a whole. Only its owner
 * may open it, and its key file; that is checked on every read.
 */
import { mkdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { isPlainObject } from '../../protocol/json.js'
import { BindingError } from '../binding-error.js'
import { withFileLock } from '../file-lock.js'
import { translateFsErrors } from '../fs-error.js'
import { sweepTemporaryFiles, syncDirectory, TemporaryFile } from '../temporary-file.js'
import { decrypt, encrypt, parseEncrypted } from './encrypted-file.js'
import type { KeyOrigin, LocalVaultKey } from './local-vault-key.js'
import { readPrivateFile } from './private-file.js'
import { MAX_SECRET_BYTES } from './secret-key.js'
import type { VaultBackend } from './vault-backend.js'

export interface LocalVaultOptions {
  /** The vault's name, for messages. */
  readonly name: string
  /** Absolute path of the file; made, with its directory, by the first `set`. */
  readonly path: string
  readonly key: LocalVaultKey
}

interface Content {
  readonly origin: KeyOrigin
  readonly secrets: Map<string, string>
}

export class LocalVault implements VaultBackend {
  readonly maxBytes = MAX_SECRET_BYTES
  readonly #name: string
  readonly #where: string
  readonly #path: string
  readonly #key: LocalVaultKey

  constructor({ name, path, key }: LocalVaultOptions) {
    this.#name = name
    this.#where = `vault "${name}"`
    this.#path = path
    this.#key = key
  }

  howToSet(key: string): string {
    return `run: alien vault set ${this.#name} ${key}`
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#read())?.secrets.get(key)
  }

  async set(key: string, value: string): Promise<void> {
    await translateFsErrors(this.#where, () => mkdir(dirname(this.#path), { recursive: true, mode: 0o700 }))
    await this.#change((secrets) => {
      secrets.set(key, value)
      return true
    })
  }

  async delete(key: string): Promise<void> {
    if ((await this.#read())?.secrets.has(key) === true) await this.#change((secrets) => secrets.delete(key))
  }

  async *list(): AsyncGenerator<string> {
    yield* (await this.#read())?.secrets.keys() ?? []
  }

  /** @param change Answers whether it changed anything. */
  async #change(change: (secrets: Map<string, string>) => boolean): Promise<void> {
    await translateFsErrors(this.#where, () =>
      withFileLock({ path: `${this.#path}.lock`, what: this.#where }, async () => {
        const content = (await this.#read()) ?? { origin: await this.#key.create(this.#where), secrets: new Map() }
        if (change(content.secrets)) await this.#write(content)
      }),
    )
  }

  #read(): Promise<Content | undefined> {
    return translateFsErrors(this.#where, async () => {
      const text = await readPrivateFile(this.#where, this.#path)
      if (text === undefined) return undefined
      const file = parseEncrypted(text)
      if (file === undefined) throw this.#invalid('is no vault; move it away, and set the secrets by: alien vault set')
      const plain = decrypt(file, await this.#key.of(this.#where, file.key))
      if (plain === undefined) {
        const problem = `the key does not open ${this.#path}: it is another one, or the file was changed`
        throw new BindingError('access_denied', `${this.#where}: ${problem}`)
      }
      return { origin: file.key, secrets: this.#parse(plain) }
    })
  }

  #parse(plain: string): Map<string, string> {
    const secrets: unknown = JSON.parse(plain)
    if (!isPlainObject(secrets)) throw this.#invalid('holds no secrets')
    return new Map(Object.entries(secrets).map(([key, value]) => [key, String(value)]))
  }

  async #write({ origin, secrets }: Content): Promise<void> {
    const text = encrypt(JSON.stringify(Object.fromEntries(secrets)), await this.#key.of(this.#where, origin), origin)
    const [folder, prefix] = [dirname(this.#path), `${basename(this.#path)}.`]
    await sweepTemporaryFiles(folder, prefix)
    const file = await TemporaryFile.create(folder, { mode: 0o600, prefix })
    try {
      await file.write(Buffer.from(text))
      await file.finish()
      await file.replace(this.#path)
      await syncDirectory(folder)
    } finally {
      await file.close()
    }
  }

  #invalid(problem: string): BindingError {
    return new BindingError('invalid_content', `${this.#where}: ${this.#path} ${problem}`)
  }
}
