/**
 * Storage in a directory of this machine: the key is the path, so people and other programs can work on the files, too.
 *
 * Beside the objects, in `.alien/` below the root, are files being written, locks, and content types by etag.
 * 1. A new version is whole and on disk before it gets its name, by a rename or a link.
 * 2. Between looking at the old version and putting the new one in its place, the writer holds the key's lock; so
 *    `ifMatch` is a compare-and-swap among all processes that use this class.
 * 3. A version's content type is written before the version is published, and removed only after it was replaced.
 * 4. No path leaves the root: keys are checked before they come here, folders by `locate`, files by `O_NOFOLLOW`.
 */
import { constants, type BigIntStats } from 'node:fs'
import { mkdir, open, realpath, rmdir, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { BindingError } from '../binding-error.js'
import { withFileLock } from '../file-lock.js'
import { ABSENT, fsCode, translateFsErrors, unless } from '../fs-error.js'
import { TemporaryFile } from '../temporary-file.js'
import { listFiles } from './local-list.js'
import { locate, lstatIfAny, type Place, type Unusable } from './local-place.js'
import { etagOf, nextModifiedAt } from './local-version.js'
import { dropContentType, lockPath, readContentType, saveContentType, temporaryFolder } from './local-work-folder.js'
import { objectIn } from './object-key.js'
import type { ObjectBody, ObjectMetadata, OpenedObject, StorageBackend, WriteOptions } from './storage-backend.js'

/** `O_NONBLOCK`, because opening a named pipe would wait for its other end. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

const MAX_ATTEMPTS = 10

const CHUNK_BYTES = 256 * 1024

export interface LocalStorageOptions {
  /** The storage's name, for messages. */
  readonly name: string
  /** Absolute path of the directory; made by the first write. */
  readonly path: string
}

/** Where an object is or would be; its folder exists. All three are real paths. */
interface Spot {
  readonly root: string
  readonly directory: string
  readonly path: string
}

export class LocalStorage implements StorageBackend {
  readonly #name: string
  readonly #path: string

  constructor({ name, path }: LocalStorageOptions) {
    this.#name = name
    this.#path = path
  }

  async head(key: string): Promise<ObjectMetadata | undefined> {
    const opened = await this.open(key, {})
    if (typeof opened === 'string') return undefined
    await opened.close()
    return opened.metadata
  }

  open(
    key: string,
    { ifMatch }: { readonly ifMatch?: string },
  ): Promise<OpenedObject | 'missing' | 'precondition_failed'> {
    return this.#translating(key, async () => {
      for (;;) {
        const spot = await this.#find(key)
        const handle = spot === undefined ? undefined : await this.#openFile(key, spot.path)
        if (spot === undefined || handle === undefined) return 'missing'
        const opened = await describeOpened(key, spot, handle, ifMatch).catch(async (error: unknown) => {
          await handle.close()
          throw error
        })
        if (typeof opened !== 'string') return opened
        await handle.close()
        if (opened !== 'replaced') return opened
      }
    })
  }

  async write(key: string, body: ObjectBody, options: WriteOptions): Promise<ObjectMetadata | 'precondition_failed'> {
    const file = await this.#translating(key, async () => {
      const root = await this.#makeRoot()
      // Before the body is read, and without making folders for an object that may never come.
      this.#assertWritable(key, await locate(root, key.split('/'), false))
      return TemporaryFile.create(await temporaryFolder(root))
    })
    try {
      // Only our own writes are translated: an error of the body's source is the handler's, and reaches it as it is.
      for await (const chunk of body instanceof Uint8Array ? [body] : body) {
        await this.#translating(key, () => file.write(chunk))
      }
      return await this.#translating(key, async () =>
        this.#publish(key, file, await file.finish(nextModifiedAt()), options),
      )
    } finally {
      await file.close()
    }
  }

  delete(key: string): Promise<void> {
    return this.#translating(key, async () => {
      const spot = await this.#find(key)
      if (spot === undefined) return
      await this.#locked(key, spot, async (current) => {
        if (current?.isFile() !== true) return
        await unlink(spot.path)
        await dropContentType(spot.root, etagOf(current))
        await removeEmptyFolders(spot)
      })
    })
  }

  async *list(prefix: string): AsyncGenerator<ObjectMetadata> {
    const root = await this.#realRoot()
    if (root === undefined) return
    for await (const { key, stats } of listFiles(root, prefix)) yield metadataOf(key, stats, undefined)
  }

  async copy(from: string, to: string): Promise<ObjectMetadata | 'missing'> {
    const opened = await this.open(from, {})
    if (typeof opened === 'string') return 'missing'
    try {
      const { contentType } = opened.metadata
      const written = await this.write(to, opened.body, contentType === undefined ? {} : { contentType })
      if (written !== 'precondition_failed') return written
      throw new Error('a write without a precondition cannot fail it')
    } finally {
      await opened.close()
    }
  }

  signedUrl(key: string): Promise<string> {
    const problem = 'a local directory has no web server to sign a URL for; return the object from the handler instead'
    return Promise.reject(new BindingError('unsupported', `${objectIn(this.#name, key)}: ${problem}`))
  }

  async #publish(
    key: string,
    file: TemporaryFile,
    stats: BigIntStats,
    options: WriteOptions,
  ): Promise<ObjectMetadata | 'precondition_failed'> {
    return this.#persistently(async () => {
      const spot = await this.#make(key)
      const published = await this.#locked(key, spot, (current) => {
        if (current?.isFile() === false) throw this.#conflict(key, 'there is a folder of that name')
        return publishOnce(spot, file, stats, current, options)
      })
      return published ? metadataOf(key, stats, options.contentType) : 'precondition_failed'
    })
  }

  /** Tries again when a folder that was just made is gone, since another writer deleted its last object. */
  async #persistently<T>(action: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await action()
      } catch (error) {
        if (fsCode(error) !== 'ENOENT' || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  #realRoot(): Promise<string | undefined> {
    return unless(ABSENT, realpath(this.#path))
  }

  /** Where to read: `undefined` when there can be no such object. */
  async #find(key: string): Promise<Spot | undefined> {
    const root = await this.#realRoot()
    if (root === undefined) return undefined
    const place = await locate(root, key.split('/'), false)
    if (place.kind === 'outside') throw this.#outside(key, place.by)
    return place.kind === 'found' ? { root, ...place } : undefined
  }

  /** Where to write; makes the folders. */
  async #make(key: string): Promise<Spot> {
    const root = await this.#makeRoot()
    const place = await locate(root, key.split('/'), true)
    this.#assertWritable(key, place)
    return { root, ...place }
  }

  async #makeRoot(): Promise<string> {
    const root = await this.#realRoot()
    if (root !== undefined) return root
    await mkdir(this.#path, { recursive: true })
    return realpath(this.#path)
  }

  #assertWritable<P extends Place>(key: string, place: P): asserts place is Exclude<P, Unusable> {
    if (place.kind === 'outside') throw this.#outside(key, place.by)
    if (place.kind === 'blocked') throw this.#conflict(key, `"${place.by}" is an object`)
  }

  async #openFile(key: string, path: string): Promise<FileHandle | undefined> {
    try {
      // ENXIO: a socket.
      return await unless([...ABSENT, 'ENXIO'], open(path, READ_FLAGS))
    } catch (error) {
      throw fsCode(error) === 'ELOOP' ? this.#symbolicLink(key) : error
    }
  }

  /** Runs `section` with what is at `spot` now, a file or nothing, while nobody else changes it. */
  async #locked<T>(key: string, spot: Spot, section: (current: BigIntStats | undefined) => Promise<T>): Promise<T> {
    return withFileLock(await lockPath(spot.root, spot.path), objectIn(this.#name, key), async () => {
      const current = await lstatIfAny(spot.path)
      if (current?.isSymbolicLink() === true) throw this.#symbolicLink(key)
      return section(current)
    })
  }

  #translating<T>(key: string, action: () => Promise<T>): Promise<T> {
    return translateFsErrors(objectIn(this.#name, key), action)
  }

  #outside(key: string, by: string): BindingError {
    const problem = `"${by}" is a symbolic link that leads out of the storage`
    return new BindingError('invalid_key', `${objectIn(this.#name, key)} is not allowed: ${problem}`)
  }

  #symbolicLink(key: string): BindingError {
    return new BindingError('invalid_key', `${objectIn(this.#name, key)} is not allowed: it is a symbolic link`)
  }

  #conflict(key: string, problem: string): BindingError {
    return new BindingError(
      'key_conflict',
      `${objectIn(this.#name, key)} cannot be written: ${problem}, and a local storage keeps objects as files in folders`,
    )
  }
}

/** `replaced`: another version took the place before this one's content type could be read. */
async function describeOpened(
  key: string,
  { root, path }: Spot,
  handle: FileHandle,
  ifMatch: string | undefined,
): Promise<OpenedObject | 'missing' | 'precondition_failed' | 'replaced'> {
  const stats = await handle.stat({ bigint: true })
  const etag = etagOf(stats)
  if (!stats.isFile()) return 'missing'
  if (ifMatch !== undefined && ifMatch !== etag) return 'precondition_failed'
  const contentType = await readContentType(root, etag)
  if (contentType === undefined) {
    const current = await lstatIfAny(path)
    if (current === undefined || etagOf(current) !== etag) return 'replaced'
  }
  return {
    metadata: metadataOf(key, stats, contentType),
    body: readChunks(handle, Number(stats.size)),
    close: () => handle.close(),
  }
}

/** At most `size` bytes: what another program appends meanwhile is not of this version. */
async function* readChunks(handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < size;) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - position))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function publishOnce(
  { root, path }: Spot,
  file: TemporaryFile,
  stats: BigIntStats,
  current: BigIntStats | undefined,
  { contentType, ifNotExists, ifMatch }: WriteOptions,
): Promise<boolean> {
  if (ifNotExists === true && current !== undefined) return false
  if (ifMatch !== undefined && (current === undefined || etagOf(current) !== ifMatch)) return false
  // A script that is edited stays executable.
  if (current !== undefined) await file.setMode(Number(current.mode) & 0o777)
  if (contentType !== undefined) await saveContentType(root, etagOf(stats), contentType)
  if (ifNotExists === true) {
    // Holds against programs, too, that do not know our locks.
    const claimed = await unless(
      ['EEXIST'],
      file.claim(path).then(() => true),
    )
    return claimed === true
  }
  await file.replace(path)
  if (current !== undefined) await dropContentType(root, etagOf(current))
  return true
}

/** Upwards from the folder of a deleted object, until one holds something else; so that its name is free again. */
async function removeEmptyFolders({ root, directory }: Spot): Promise<void> {
  for (let folder = directory; folder !== root; folder = dirname(folder)) {
    const removed = await rmdir(folder).then(
      () => true,
      () => false,
    )
    if (!removed) return
  }
}

const metadataOf = (key: string, stats: BigIntStats, contentType: string | undefined): ObjectMetadata => ({
  key,
  size: Number(stats.size),
  ...(contentType === undefined ? {} : { contentType }),
  etag: etagOf(stats),
  lastModified: new Date(Number(stats.mtimeMs)).toISOString(),
})
