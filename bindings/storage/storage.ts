/**
 * The storage that handlers see: checks what it is given, words the errors, and leaves bytes to a `StorageBackend`.
 *
 * Small objects are read whole by `get`: one request, and a consistent copy. Greater ones are opened again when they
 * are read, by etag: so an object that nobody reads holds no file and no connection open.
 */
import { jsonProblem, type JsonValue } from '../../protocol/json.js'
import { quote } from '../../protocol/resource-name.js'
import { BindingError } from '../binding-error.js'
import { collect, toBody, type ObjectContent } from './object-content.js'
import { replacedMeanwhile } from './object-stream.js'
import { putOptionsProblem } from './put-options.js'
import { assertKey, assertPrefix, keyProblem, objectIn } from './object-key.js'
import type { ObjectMetadata, StorageBackend, WriteOptions, WrittenObject } from './storage-backend.js'
import { StoredObject, type OpenBody } from './stored-object.js'

/** Greatest object that `get` reads at once. */
export const BUFFERED_BYTES = 256 * 1024

/** Longest life of a signed URL: S3 and GCS sign for at most seven days. */
const MAX_SIGNED_URL_MS = 7 * 24 * 3_600_000

/** Of getting an object that others keep replacing. */
const MAX_ATTEMPTS = 10

/** What stores say of an object whose type nobody gave, Amazon in its own way. */
const UNKNOWN_TYPE = /^(application|binary)\/octet-stream$/i

export type PutOptions = WriteOptions

export class Storage {
  readonly name: string
  readonly #backend: () => Promise<StorageBackend>

  /** @param backend Called by each operation, so that a storage can be named before it is configured. */
  constructor(name: string, backend: () => Promise<StorageBackend>) {
    this.name = name
    this.#backend = backend
  }

  /** @throws {BindingError} `not_found` when there is no such object; `head` and `exists` ask without throwing. */
  async get(key: string): Promise<StoredObject> {
    assertKey(this.name, key)
    const backend = await this.#backend()
    for (let attempt = 1; ; attempt++) {
      const opened = await backend.open(key, {})
      if (typeof opened === 'string') throw this.#notFound(key)
      try {
        const metadata = typed(opened.metadata)
        const { body } = opened
        return new StoredObject(this.#where(key), metadata, await this.#bodyOf(backend, metadata, body))
      } catch (error) {
        // Replaced between its metadata and its bytes: the newer version will do.
        const isReplaced = error instanceof BindingError && error.code === 'precondition_failed'
        if (!isReplaced || attempt === MAX_ATTEMPTS) throw error
      } finally {
        await opened.close()
      }
    }
  }

  async #bodyOf(backend: StorageBackend, metadata: ObjectMetadata, body: AsyncIterable<Uint8Array>): Promise<OpenBody> {
    if (metadata.size > BUFFERED_BYTES) return () => this.#reopen(backend, metadata)
    const bytes = await collect(body)
    // A copy each time: who gets the bytes may change them.
    return () => [Buffer.from(bytes)]
  }

  async *#reopen(backend: StorageBackend, { key, etag }: ObjectMetadata): AsyncGenerator<Uint8Array> {
    const opened = await backend.open(key, { ifMatch: etag })
    if (typeof opened === 'string') {
      throw replacedMeanwhile(this.#where(key))
    }
    try {
      yield* opened.body
    } finally {
      await opened.close()
    }
  }

  /**
   * Writes the whole object, atomically. A body that throws leaves the old object as it was.
   *
   * @param options A content type of `application/octet-stream` is taken as none. `ifMatch` must be an etag if it is given.
   * @returns The new object's key, size, content type and etag, which a handler may return.
   * @throws {BindingError} `precondition_failed` when `ifNotExists` or `ifMatch` does not hold, `invalid_value` for an
   *   option that is none.
   */
  async put(key: string, content: ObjectContent, options: PutOptions = {}): Promise<WrittenObject> {
    assertKey(this.name, key)
    const problem = putOptionsProblem(options)
    if (problem !== undefined) throw new BindingError('invalid_value', `${this.#where(key)}: ${problem}`)
    const body = toBody(this.#where(key), content)
    const backend = await this.#backend()
    const written = await backend.write(key, body, typed(options))
    if (written !== 'precondition_failed') return summaryOf(written)
    throw new BindingError(
      'precondition_failed',
      options.ifMatch === undefined
        ? `${this.#where(key)} exists already`
        : `${this.#where(key)} is not the version ${quote(options.ifMatch)}; get it again`,
    )
  }

  /** Writes `value` as JSON, with content type `application/json` unless the options say otherwise. */
  async putJson(key: string, value: JsonValue, options: PutOptions = {}): Promise<WrittenObject> {
    assertKey(this.name, key)
    let json: string | undefined
    try {
      json = jsonText(value)
    } catch (error) {
      const problem = `JSON cannot carry the value: ${jsonProblem(error)}`
      throw new BindingError('invalid_value', `${this.#where(key)}: ${problem}`, { cause: error })
    }
    if (json === undefined) {
      throw new BindingError('invalid_value', `${this.#where(key)}: JSON cannot carry ${quote(value)}`)
    }
    return this.put(key, json, { contentType: 'application/json', ...options })
  }

  /** Deleting an object that is not there is no error. */
  async delete(key: string): Promise<void> {
    assertKey(this.name, key)
    const backend = await this.#backend()
    await backend.delete(key)
  }

  /**
   * Every object whose key starts with `prefix`, sorted by the key's UTF-8 bytes. Content types are left out, and so are
   * objects of other programs whose keys are none here.
   */
  async *list(options: { readonly prefix?: string } = {}): AsyncGenerator<ObjectMetadata, void, undefined> {
    const prefix = options.prefix ?? ''
    assertPrefix(this.name, prefix)
    const backend = await this.#backend()
    for await (const { key, size, etag, lastModified } of backend.list(prefix)) {
      if (keyProblem(key) === undefined) yield { key, size, etag, lastModified }
    }
  }

  /** The object's metadata, or `undefined` when there is none. */
  async head(key: string): Promise<ObjectMetadata | undefined> {
    assertKey(this.name, key)
    const backend = await this.#backend()
    const metadata = await backend.head(key)
    return metadata === undefined ? undefined : typed(metadata)
  }

  async exists(key: string): Promise<boolean> {
    return (await this.head(key)) !== undefined
  }

  /** Copies content and content type, over what is at `to`. @throws {BindingError} `not_found` */
  async copy(from: string, to: string): Promise<WrittenObject> {
    assertKey(this.name, from)
    assertKey(this.name, to)
    const backend = await this.#backend()
    const copied = await backend.copy(from, to)
    if (copied === 'missing') throw this.#notFound(from)
    return summaryOf(copied)
  }

  /**
   * A URL by which anybody can read the object, without credentials, for `expiresInMs` (at most seven days), rounded up to
   * whole seconds.
   *
   * @throws {BindingError} `unsupported` when the backend has no web server to sign for.
   */
  async signedUrl(key: string, { expiresInMs }: { readonly expiresInMs: number }): Promise<string> {
    assertKey(this.name, key)
    if (!Number.isSafeInteger(expiresInMs) || expiresInMs < 1 || expiresInMs > MAX_SIGNED_URL_MS) {
      throw new BindingError(
        'invalid_value',
        `${this.#where(key)}: expiresInMs must be a whole number from 1 to ${MAX_SIGNED_URL_MS}, got ${quote(expiresInMs)}`,
      )
    }
    const backend = await this.#backend()
    return backend.signedUrl(key, Math.ceil(expiresInMs / 1000) * 1000)
  }

  #where(key: string): string {
    return objectIn(this.name, key)
  }

  #notFound(key: string): BindingError {
    return new BindingError('not_found', `no ${this.#where(key)}`)
  }
}

/** `undefined` for functions, symbols and `undefined`, which the standard library's type does not say. */
const jsonText: (value: unknown) => string | undefined = JSON.stringify

/** The same without a content type that says nothing. */
function typed<T extends { readonly contentType?: string }>(described: T): T {
  const { contentType, ...rest } = described
  return contentType !== undefined && UNKNOWN_TYPE.test(contentType) ? (rest as T) : described
}

/** What every backend knows of an object that it wrote. */
function summaryOf(written: WrittenObject): WrittenObject {
  const { key, size, contentType, etag } = typed(written)
  return { key, size, ...(contentType === undefined ? {} : { contentType }), etag }
}
