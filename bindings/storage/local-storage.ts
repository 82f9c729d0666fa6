/**
 * Storage in a directory of this machine: the key is the path, so people and other programs can work on the files, too.
 *
 * Beside the objects, in `.alien/` below the root, are files being written, locks, and content types by etag.
 * 1. A new version is whole and on disk before it gets its name, by a rename or a link. The name itself is on disk when
 *    a conditional put answers, since others may build on that; a plain put leaves it to the system, some seconds later.
 * 2. Between looking at the old version and putting the new one in its place, the writer holds the key's lock; so
 *    `ifMatch` is a compare-and-swap among all processes that use this class.
 * 3. A version's content type is written before the version is published, and removed only after it was replaced.
 * 4. No path leaves the root: keys are checked before they come here, folders are opened one in the other by `locate`,
 *    files with `O_NOFOLLOW`.
 */
import { constants, type BigIntStats } from 'node:fs'
import { open, rmdir, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { BindingError } from '../binding-error.js'
import { withFileLock } from '../file-lock.js'
import { ABSENT, fsCode, lstatIfAny, translatedFsError, translateFsErrors, unless } from '../fs-error.js'
import { syncDirectory, type TemporaryFile } from '../temporary-file.js'
import { KeptFolders, type Draft } from './kept-folders.js'
import { Folder } from './local-folder.js'
import { listFiles } from './local-list.js'
import { locate, type Found, type Place, type Unusable } from './local-place.js'
import { etagOf, nextModifiedAt } from './local-version.js'
import { dropContentType, lockName, readContentType, saveContentType, workFolder } from './local-work-folder.js'
import { objectIn } from './object-key.js'
import type { ObjectBody, ObjectMetadata, OpenedObject, StorageBackend, WriteOptions } from './storage-backend.js'

/** `O_NONBLOCK`, because opening a named pipe would wait for its other end. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

const MAX_ATTEMPTS = 10

const CHUNK_BYTES = 256 * 1024

/** What any disk takes within some milliseconds. */
const SMALL_BYTES = 1024 * 1024

export interface LocalStorageOptions {
  /** The storage's name, for messages. */
  readonly name: string
  /** Absolute path of the directory; made by the first write. */
  readonly path: string
}

export class LocalStorage implements StorageBackend {
  readonly #name: string
  readonly #path: string
  readonly #folders: KeptFolders

  constructor({ name, path }: LocalStorageOptions) {
    this.#name = name
    this.#path = path
    this.#folders = new KeptFolders(path)
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
      await using root = await this.#openRoot()
      if (root === undefined) return 'missing'
      for (;;) {
        await using place = await this.#find(key, root)
        const handle = place === undefined ? undefined : await this.#openFile(key, place.path)
        if (place === undefined || handle === undefined) return 'missing'
        const opened = await describeOpened(key, root, place, handle, ifMatch).catch(async (error: unknown) => {
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
    await using draft = await this.#translating(key, () => this.#begin(key))
    // Only our own writes are translated: an error of the body's source is the handler's, and reaches it as it is.
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      await this.#translating(key, () => draft.file.write(chunk))
    }
    return await this.#translating(key, () => this.#finish(key, draft, options))
  }

  delete(key: string): Promise<void> {
    return this.#translating(key, async () => {
      await using root = await this.#openRoot()
      await using place = root && (await this.#find(key, root))
      if (root === undefined || place === undefined) return
      await using locks = await workFolder(root, 'tmp')
      await this.#locked(key, { tmp: locks }, place, async (current) => {
        if (current?.isFile() !== true) return
        await unlink(place.path)
        await dropContentType(root, etagOf(current))
        await removeEmptyFolders(place)
      })
    })
  }

  async *list(prefix: string): AsyncGenerator<ObjectMetadata> {
    try {
      await using root = await this.#openRoot()
      if (root === undefined) return
      // A root that may be read and not entered would seem to be empty.
      await lstatIfAny(`${root.path}/.`)
      for await (const { key, stats } of listFiles(root, prefix)) yield metadataOf(key, stats, undefined)
    } catch (error) {
      throw translatedFsError(`storage "${this.#name}"`, error)
    }
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

  async #begin(key: string): Promise<Draft> {
    const draft = await this.#folders.newDraft()
    try {
      // Before the body is read, and without making folders for an object that may never come.
      const place = await locate(draft.root, key, false)
      if (place.kind === 'found') await place[Symbol.asyncDispose]()
      this.#assertWritable(key, place)
      return draft
    } catch (error) {
      await draft[Symbol.asyncDispose]()
      throw error
    }
  }

  async #finish(key: string, draft: Draft, options: WriteOptions): Promise<ObjectMetadata | 'precondition_failed'> {
    const finished = draft.file.finish(nextModifiedAt())
    // A small file gets to the disk while the key is being locked; nobody is to wait for a great one.
    if (draft.file.bytesWritten > SMALL_BYTES) await finished
    const [published] = await Promise.all([this.#publish(key, draft, finished, options), finished])
    return published
  }

  async #publish(
    key: string,
    { root, tmp, signature, file }: Draft,
    finished: Promise<BigIntStats>,
    options: WriteOptions,
  ): Promise<ObjectMetadata | 'precondition_failed'> {
    return this.#persistently(async () => {
      const place = await locate(root, key, true)
      this.#assertWritable(key, place)
      await using found = place
      return await this.#locked(key, { tmp, signature }, found, async (current) => {
        if (current?.isFile() === false) throw this.#conflict(key, 'there is a folder of that name')
        const stats = await finished
        const published = await publishOnce(root, found, file, { stats, current, options })
        // Meanwhile the key is unlocked; whoever disposes of the draft hears what went wrong.
        file.close().catch(() => undefined)
        return published ? metadataOf(key, stats, options.contentType) : 'precondition_failed'
      })
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

  #openRoot(): Promise<Folder | undefined> {
    return unless(ABSENT, Folder.open(this.#path))
  }

  /** Where to read: `undefined` when there can be no such object. */
  async #find(key: string, root: Folder): Promise<Found | undefined> {
    const place = await locate(root, key, false)
    if (place.kind === 'outside') throw this.#outside(key, place.by)
    return place.kind === 'found' ? place : undefined
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

  /** Runs `section` with what is at `place` now, a file or nothing, while nobody else changes it. */
  #locked<T>(
    key: string,
    { tmp, signature }: { readonly tmp: Folder; readonly signature?: Draft['signature'] },
    place: Found,
    section: (current: BigIntStats | undefined) => Promise<T>,
  ): Promise<T> {
    const name = lockName(place.names)
    const [path, id] = [join(tmp.path, name), `${this.#path} ${name}`]
    return withFileLock({ path, id, what: objectIn(this.#name, key), signature }, async () => {
      const current = await lstatIfAny(place.path)
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
  root: Folder,
  { path }: Found,
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

interface Publication {
  readonly stats: BigIntStats
  readonly current: BigIntStats | undefined
  readonly options: WriteOptions
}

async function publishOnce(
  root: Folder,
  { path, folders }: Found,
  file: TemporaryFile,
  { stats, current, options: { contentType, ifNotExists, ifMatch } }: Publication,
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
    if (claimed === undefined) return false
  } else {
    await file.replace(path)
    if (current !== undefined) await dropContentType(root, etagOf(current))
  }
  if (ifNotExists === true || ifMatch !== undefined) await syncDirectory((folders.at(-1) ?? root).path)
  return true
}

/** Upwards from the folder of a deleted object, until one holds something else; so that its name is free again. */
async function removeEmptyFolders({ folders, names }: Found): Promise<void> {
  for (let depth = folders.length - 1; depth > 0; depth--) {
    const [parent, name] = [folders[depth - 1], names[depth - 1]]
    if (parent === undefined || name === undefined) return
    const removed = await rmdir(join(parent.path, name)).then(
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
