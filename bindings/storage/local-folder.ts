/**
 * A folder that is held open, so that what is in it is reached by way of the handle and not by its path.
 *
 * Linux shows a process its handles as `/proc/self/fd/…`; names below such a path are looked up in that very folder, as
 * `openat` would, which Node does not have. So nobody who swaps the folder, or one above it, for a link leads us
 * elsewhere. On other systems a folder goes by its path: a link in its place is refused when it is opened, but a swap
 * between that and the use of the path goes unnoticed.
 */
import { constants, existsSync } from 'node:fs'
import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { ABSENT, lstatIfAny, unless } from '../fs-error.js'

const HANDLES = '/proc/self/fd'
const BY_HANDLE = process.platform === 'linux' && existsSync(HANDLES)

const FOLLOW = constants.O_RDONLY | constants.O_DIRECTORY
const NO_FOLLOW = FOLLOW | constants.O_NOFOLLOW

/** What stands in a folder's place. */
export type NoFolder = 'missing' | 'link' | 'other'

export class Folder implements AsyncDisposable {
  /** The way to what is in it; for no longer than it is open. */
  readonly path: string
  readonly #handle: FileHandle | undefined

  private constructor(path: string, handle: FileHandle | undefined) {
    this.path = path
    this.#handle = handle
  }

  /** The one at `path`, links followed; `undefined` when there is nothing. */
  static async open(path: string): Promise<Folder | undefined> {
    const handle = await unless(['ENOENT'], open(path, FOLLOW))
    return handle === undefined ? undefined : Folder.#of(path, handle)
  }

  /** The folder `name` in this one, unless that is a link. */
  async child(name: string): Promise<Folder | NoFolder> {
    const path = join(this.path, name)
    for (;;) {
      const handle = await unless([...ABSENT, 'ELOOP'], open(path, NO_FOLLOW))
      if (handle !== undefined) return Folder.#of(path, handle)
      const stats = await lstatIfAny(path)
      if (stats === undefined) return 'missing'
      // A folder: made since we looked.
      if (!stats.isDirectory()) return stats.isSymbolicLink() ? 'link' : 'other'
    }
  }

  /** The same; made when it is missing. @throws `ENOENT` when it is gone again at once */
  async makeChild(name: string): Promise<Folder | Exclude<NoFolder, 'missing'>> {
    // Looked for first: mostly it is there.
    const found = await this.child(name)
    if (found !== 'missing') return found
    await unless(['EEXIST'], mkdir(join(this.path, name)))
    const made = await this.child(name)
    if (made !== 'missing') return made
    throw Object.assign(new Error(`folder "${name}" is gone again`), { code: 'ENOENT', syscall: 'open' })
  }

  async close(): Promise<void> {
    await this.#handle?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  static async #of(path: string, handle: FileHandle): Promise<Folder> {
    if (BY_HANDLE) return new Folder(join(HANDLES, String(handle.fd)), handle)
    await handle.close()
    return new Folder(path, undefined)
  }
}
