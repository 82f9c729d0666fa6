/**
 * A vault in one JSON file of this machine, `{ "version": 1, "secrets": { "key": "value" } }`, for development.
 *
 * The values are not encrypted yet: what protects them is the file's mode, 0600, which is checked on every read.
 */
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isPlainObject } from '../../protocol/json.js'
import { BindingError } from '../binding-error.js'
import { withFileLock } from '../file-lock.js'
import { ABSENT, translateFsErrors, unless } from '../fs-error.js'
import { TemporaryFile } from '../temporary-file.js'
import type { VaultBackend } from './vault-backend.js'

const OTHERS = 0o077
const VERSION = 1

export interface LocalVaultOptions {
  /** The vault's name, for messages. */
  readonly name: string
  /** Absolute path of the file; made, with its directory, by the first `set`. */
  readonly path: string
}

export class LocalVault implements VaultBackend {
  readonly #where: string
  readonly #path: string

  constructor({ name, path }: LocalVaultOptions) {
    this.#where = `vault "${name}"`
    this.#path = path
  }

  get howToSet(): string {
    return `add it to "secrets" in ${this.#path}`
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#read()).get(key)
  }

  async set(key: string, value: string): Promise<void> {
    await translateFsErrors(this.#where, () => mkdir(dirname(this.#path), { recursive: true, mode: 0o700 }))
    await this.#change((secrets) => {
      secrets.set(key, value)
      return true
    })
  }

  async delete(key: string): Promise<void> {
    if ((await this.#read()).has(key)) await this.#change((secrets) => secrets.delete(key))
  }

  async *list(): AsyncGenerator<string> {
    yield* (await this.#read()).keys()
  }

  /** @param change Answers whether it changed anything. */
  async #change(change: (secrets: Map<string, string>) => boolean): Promise<void> {
    await translateFsErrors(this.#where, () =>
      withFileLock(`${this.#path}.lock`, this.#where, async () => {
        const secrets = await this.#read()
        if (change(secrets)) await this.#write(secrets)
      }),
    )
  }

  async #read(): Promise<Map<string, string>> {
    const text = await translateFsErrors(this.#where, () => this.#readText())
    return text === undefined ? new Map() : this.#parse(text)
  }

  async #readText(): Promise<string | undefined> {
    const file = await unless(ABSENT, open(this.#path, 'r'))
    if (file === undefined) return undefined
    try {
      const mode = (await file.stat()).mode & 0o777
      // Windows has no such modes, and always shows 666.
      if ((mode & OTHERS) === 0 || process.platform === 'win32') return await file.readFile('utf8')
      throw new BindingError(
        'access_denied',
        `${this.#where}: other users may open ${this.#path} (mode ${mode.toString(8)}); run: chmod 600 ${this.#path}`,
      )
    } finally {
      await file.close()
    }
  }

  #parse(text: string): Map<string, string> {
    const content = parseJson(text)
    if (!isPlainObject(content) || content['version'] !== VERSION || !isPlainObject(content['secrets'])) {
      const expected = `{"version":${VERSION},"secrets":{"key":"value"}}`
      throw new BindingError('invalid_content', `${this.#where}: ${this.#path} must hold JSON of the form ${expected}`)
    }
    const secrets = new Map<string, string>()
    for (const [key, value] of Object.entries(content['secrets'])) {
      if (typeof value !== 'string') {
        throw new BindingError('invalid_content', `${this.#where}: secret "${key}" in ${this.#path} must be a string`)
      }
      secrets.set(key, value)
    }
    return secrets
  }

  async #write(secrets: Map<string, string>): Promise<void> {
    const file = await TemporaryFile.create(dirname(this.#path), 0o600)
    try {
      await file.write(Buffer.from(JSON.stringify({ version: VERSION, secrets: Object.fromEntries(secrets) }, null, 2)))
      await file.finish()
      await file.replace(this.#path)
    } finally {
      await file.close()
    }
  }
}

/** Without the parser's error, whose message quotes the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
