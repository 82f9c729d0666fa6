/**
 * A file that appears under its name only when it is whole and on disk: written beside the target, synced, then renamed.
 */
import { randomUUID } from 'node:crypto'
import { fstatSync, futimesSync, type BigIntStats } from 'node:fs'
import { link, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { lstatIfAny } from './fs-error.js'

const NAME = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.tmp$/

export interface TemporaryFileOptions {
  readonly mode?: number
  /** What its name starts with, where others have files, too. */
  readonly prefix?: string
}

/** A file that its writer has not touched for so long has none any more. */
const LEFT_AFTER_MS = 86_400_000

export class TemporaryFile {
  readonly path: string
  readonly #handle: FileHandle
  #isMoved = false
  #bytesWritten = 0
  #closed: Promise<void> | undefined

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#handle = handle
  }

  /** @param directory On the file system of the target, or the rename would not be atomic. */
  static async create(
    directory: string,
    { mode = 0o666, prefix = '' }: TemporaryFileOptions = {},
  ): Promise<TemporaryFile> {
    const path = join(directory, `${prefix}${randomUUID()}.tmp`)
    return new TemporaryFile(path, await open(path, 'wx', mode))
  }

  get bytesWritten(): number {
    return this.#bytesWritten
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#handle.writeFile(chunk)
    this.#bytesWritten += chunk.length
  }

  async setMode(mode: number): Promise<void> {
    await this.#handle.chmod(mode)
  }

  /**
   * Puts the content on disk. What is said of it first touches the kernel's memory only, and is not worth a turn of the
   * thread pool, which takes as long as a small write.
   *
   * @param modifiedAt The modification time to give it, in seconds since 1970.
   */
  async finish(modifiedAt?: number): Promise<BigIntStats> {
    const { fd } = this.#handle
    if (modifiedAt !== undefined) futimesSync(fd, modifiedAt, modifiedAt)
    const stats = fstatSync(fd, { bigint: true })
    await this.#handle.sync()
    return stats
  }

  /** Takes the place of what is at `target`, which must be no directory. See `syncDirectory`. */
  async replace(target: string): Promise<void> {
    await rename(this.path, target)
    this.#isMoved = true
  }

  /** Takes the name `target`, or fails with `EEXIST`: unlike a rename, a link never replaces. See `syncDirectory`. */
  async claim(target: string): Promise<void> {
    await link(this.path, target)
  }

  /** Always to be called at the end, the second time for nothing; leaves a file that was moved or linked where it is. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async #close(): Promise<void> {
    await this.#handle.close()
    if (!this.#isMoved) await rm(this.path, { force: true })
  }
}

/**
 * Removes what writers that were killed left. Takes no longer than there are such files, and never fails for one.
 *
 * @param directory One that nobody but us writes to, unless there is a prefix.
 */
export async function sweepTemporaryFiles(directory: string, prefix = ''): Promise<void> {
  const names = await readdir(directory).catch(() => [])
  for (const name of names.filter((each) => each.startsWith(prefix) && NAME.test(each.slice(prefix.length)))) {
    const path = join(directory, name)
    const stats = await lstatIfAny(path).catch(() => undefined)
    if (stats && Date.now() - Number(stats.mtimeMs) > LEFT_AFTER_MS)
      await rm(path, { force: true }).catch(() => undefined)
  }
}

/** A new name survives a power cut only when its directory is on disk, too. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
