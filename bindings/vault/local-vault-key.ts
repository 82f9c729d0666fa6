/** The key of a local vault: 32 bytes in a file, or made of a passphrase; `os-keyring.ts` has the third kind. */
import { randomBytes, scrypt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import { BindingError } from '../binding-error.js'
import { unless } from '../fs-error.js'
import { sweepTemporaryFiles, syncDirectory, TemporaryFile } from '../temporary-file.js'
import { readPrivateFile } from './private-file.js'

export const KEY_BYTES = 32
const SALT_BYTES = 16

/** OWASP's first choice for scrypt: 128 MB, a third of a second. Once a process, for the key is kept. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 }

/** How the key of an encrypted file came about; stored beside what it encrypts. */
export const keyOrigin = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('file') }),
  z.strictObject({ from: z.literal('keyring') }),
  z.strictObject({ from: z.literal('passphrase'), salt: z.base64().length(24) }),
])

export type KeyOrigin = z.infer<typeof keyOrigin>

export interface LocalVaultKey {
  /** For a file that has none yet; a key file is made when it is missing. */
  create(where: string): Promise<KeyOrigin>
  /** @throws {BindingError} `invalid_configuration` when the key is missing, or of the other kind */
  of(where: string, origin: KeyOrigin): Promise<Buffer>
}

const KINDS: Readonly<Record<KeyOrigin['from'], string>> = {
  file: 'a key file; name it as "keyFile"',
  keyring: 'a key of the keyring; name its entry as "keyring"',
  passphrase: 'a passphrase; name its variable as "passphraseVariable"',
}

export const otherKind = (where: string, { from }: KeyOrigin): BindingError =>
  new BindingError('invalid_configuration', `${where} is encrypted with ${KINDS[from]}`)

/** @param text As it is kept; `undefined` when there is none. @throws {BindingError} `invalid_configuration` */
export function parseKey(where: string, what: string, text: string | undefined): Buffer {
  const problem = (is: string): BindingError => new BindingError('invalid_configuration', `${where}: ${what} ${is}`)
  if (text === undefined) throw problem('is missing, and without it nothing can be read; restore it')
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length !== KEY_BYTES) throw problem(`must hold ${KEY_BYTES} bytes as base64`)
  return key
}

/** @param path Absolute. */
export class KeyFile implements LocalVaultKey {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async create(where: string): Promise<KeyOrigin> {
    // Of writers that were killed: keys that nobody used, or another name of this one, for its owner's eyes only.
    await sweepTemporaryFiles(dirname(this.#path), `${basename(this.#path)}.`)
    if ((await readPrivateFile(where, this.#path)) === undefined) await this.#write()
    return { from: 'file' }
  }

  async of(where: string, origin: KeyOrigin): Promise<Buffer> {
    if (origin.from !== 'file') throw otherKind(where, origin)
    return parseKey(where, `the key file ${this.#path}`, await readPrivateFile(where, this.#path))
  }

  async #write(): Promise<void> {
    const [folder, prefix] = [dirname(this.#path), `${basename(this.#path)}.`]
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = await TemporaryFile.create(folder, { mode: 0o600, prefix })
    try {
      await file.write(Buffer.from(`${randomBytes(KEY_BYTES).toString('base64')}\n`))
      await file.finish()
      // Whoever was faster has the key.
      await unless(['EEXIST'], file.claim(this.#path))
      await syncDirectory(folder)
    } finally {
      await file.close()
    }
  }
}

export class Passphrase implements LocalVaultKey {
  readonly #variable: string
  readonly #environment: Readonly<Record<string, string | undefined>>
  #derived: { readonly from: string; readonly key: Promise<Buffer> } | undefined

  /** @param variable The variable of the environment that holds it. */
  constructor(variable: string, environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#variable = variable
    this.#environment = environment
  }

  create(): Promise<KeyOrigin> {
    return Promise.resolve({ from: 'passphrase', salt: randomBytes(SALT_BYTES).toString('base64') })
  }

  async of(where: string, origin: KeyOrigin): Promise<Buffer> {
    if (origin.from !== 'passphrase') throw otherKind(where, origin)
    const passphrase = this.#environment[this.#variable]
    if (!passphrase) {
      throw new BindingError('invalid_configuration', `${where}: set ${this.#variable} to the passphrase of the vault`)
    }
    const from = `${origin.salt} ${passphrase}`
    if (this.#derived?.from !== from) this.#derived = { from, key: derive(passphrase, origin.salt) }
    return this.#derived.key
  }
}

const derive = (passphrase: string, salt: string): Promise<Buffer> =>
  promisify<string, Buffer, number, object, Buffer>(scrypt)(
    passphrase.normalize('NFC'),
    Buffer.from(salt, 'base64'),
    KEY_BYTES,
    SCRYPT,
  )
