/**
 * A Kubernetes secret that is mounted as a folder: one file for each key. The kubelet renews all files at once by
 * swapping a link, so they are links, and are followed.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BindingError } from '../binding-error.js'
import { fsCode, translateFsErrors, unless } from '../fs-error.js'
import { ReadOnlyVault } from './read-only-vault.js'
import { SECRET_KEY } from './secret-key.js'

export interface KubernetesVaultOptions {
  /** The vault's name, for messages. */
  readonly name: string
  /** Absolute path of the mounted folder. */
  readonly path: string
}

export class KubernetesVault extends ReadOnlyVault {
  readonly #where: string
  readonly #path: string

  constructor({ name, path }: KubernetesVaultOptions) {
    super(name)
    this.#where = `vault "${name}"`
    this.#path = path
  }

  howToSet(key: string): string {
    return `add the key "${key}" to the Kubernetes secret that is mounted at ${this.#path}`
  }

  async get(key: string): Promise<string | undefined> {
    const value = await translateFsErrors(this.#where, () =>
      unless(['ENOENT'], readFile(join(this.#path, key), 'utf8')),
    )
    if (value === undefined) await this.#entries()
    return value === '' ? undefined : value
  }

  async *list(): AsyncGenerator<string> {
    for (const name of await this.#entries()) {
      if (!SECRET_KEY.test(name)) continue
      const info = await unless(['ENOENT'], stat(join(this.#path, name)))
      if (info?.isFile() === true && info.size > 0) yield name
    }
  }

  /** A folder that is not there is a mistake, not a vault without secrets. */
  #entries(): Promise<string[]> {
    return translateFsErrors(this.#where, () =>
      readdir(this.#path).catch((error: unknown) => {
        if (fsCode(error) !== 'ENOENT' && fsCode(error) !== 'ENOTDIR') throw error
        throw new BindingError(
          'invalid_configuration',
          `${this.#where}: there is no folder ${this.#path}; mount the Kubernetes secret there, or correct the binding`,
        )
      }),
    )
  }
}
