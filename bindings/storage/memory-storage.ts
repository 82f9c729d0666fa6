/** Storage in this process's memory, for tests: gone with the process. */
import { BindingError } from '../binding-error.js'
import { collect } from './object-content.js'
import { objectIn } from './object-key.js'
import type { ObjectBody, ObjectMetadata, OpenedObject, StorageBackend, WriteOptions } from './storage-backend.js'

interface MemoryObject {
  readonly metadata: ObjectMetadata
  readonly bytes: Buffer
}

export class MemoryStorage implements StorageBackend {
  readonly #name: string
  readonly #objects = new Map<string, MemoryObject>()
  #versions = 0

  constructor({ name }: { readonly name: string }) {
    this.#name = name
  }

  head(key: string): Promise<ObjectMetadata | undefined> {
    return Promise.resolve(this.#objects.get(key)?.metadata)
  }

  open(
    key: string,
    { ifMatch }: { readonly ifMatch?: string },
  ): Promise<OpenedObject | 'missing' | 'precondition_failed'> {
    const object = this.#objects.get(key)
    if (object === undefined) return Promise.resolve('missing')
    if (ifMatch !== undefined && ifMatch !== object.metadata.etag) return Promise.resolve('precondition_failed')
    return Promise.resolve({ metadata: object.metadata, body: chunksOf(object.bytes), close: () => Promise.resolve() })
  }

  async write(
    key: string,
    body: ObjectBody,
    { contentType, ifNotExists, ifMatch }: WriteOptions,
  ): Promise<ObjectMetadata | 'precondition_failed'> {
    // Copies: the writer may go on using its buffer.
    const bytes = await collect(body instanceof Uint8Array ? [body] : body)
    const current = this.#objects.get(key)
    if (ifNotExists === true && current !== undefined) return 'precondition_failed'
    if (ifMatch !== undefined && current?.metadata.etag !== ifMatch) return 'precondition_failed'
    const metadata: ObjectMetadata = {
      key,
      size: bytes.byteLength,
      ...(contentType === undefined ? {} : { contentType }),
      etag: String((this.#versions += 1)),
      lastModified: new Date().toISOString(),
    }
    this.#objects.set(key, { metadata, bytes })
    return metadata
  }

  delete(key: string): Promise<void> {
    this.#objects.delete(key)
    return Promise.resolve()
  }

  async *list(prefix: string): AsyncGenerator<ObjectMetadata> {
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix))
    for (const key of keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
      const metadata = await this.head(key)
      if (metadata !== undefined) yield metadata
    }
  }

  async copy(from: string, to: string): Promise<ObjectMetadata | 'missing'> {
    const object = this.#objects.get(from)
    if (object === undefined) return 'missing'
    const { contentType } = object.metadata
    const copied = await this.write(to, object.bytes, contentType === undefined ? {} : { contentType })
    if (copied !== 'precondition_failed') return copied
    throw new Error('a write without a precondition cannot fail it')
  }

  signedUrl(key: string): Promise<string> {
    const problem =
      'a storage in memory has no web server to sign a URL for; return the object from the handler instead'
    return Promise.reject(new BindingError('unsupported', `${objectIn(this.#name, key)}: ${problem}`))
  }
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(bytes))
}
