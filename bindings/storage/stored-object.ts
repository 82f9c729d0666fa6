/** An object as `storage.get` answers it: its metadata, and its bytes when asked for. */
import { ReadableStream } from 'node:stream/web'
import { CommandError } from '../../protocol/errors.js'
import type { JsonValue } from '../../protocol/json.js'
import { RESULT_VALUE, type ResultValue } from '../../protocol/result-value.js'
import { BindingError } from '../binding-error.js'
import { collect, decodeText, textOf } from './object-content.js'
import type { ObjectMetadata } from './storage-backend.js'

/** Opens the version of the object that the metadata describe, or throws. Each call starts at the first byte. */
export type OpenBody = () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/**
 * Reading may be repeated, and an object that is never read holds nothing open. All reads give the version that the
 * metadata describe; one that was replaced in between ends in `precondition_failed`.
 *
 * A handler may return it: the caller receives a string when the object is text (by its content type or, without one,
 * by being UTF-8 without NUL), and `{ "$bytes": base64 }` otherwise.
 */
export class StoredObject implements ObjectMetadata, ResultValue {
  readonly key: string
  /** Bytes. */
  readonly size: number
  readonly etag: string
  /** ISO 8601, UTC. */
  readonly lastModified: string
  declare readonly contentType?: string
  readonly #where: string
  readonly #openBody: OpenBody

  /** @param where The object and its storage, for messages. */
  constructor(where: string, metadata: ObjectMetadata, openBody: OpenBody) {
    this.key = metadata.key
    this.size = metadata.size
    this.etag = metadata.etag
    this.lastModified = metadata.lastModified
    if (metadata.contentType !== undefined) this.contentType = metadata.contentType
    this.#where = where
    this.#openBody = openBody
  }

  async bytes(): Promise<Uint8Array> {
    return collect(this.#openBody())
  }

  /** The object as UTF-8; bytes that are not become U+FFFD. A byte order mark stays. */
  async text(): Promise<string> {
    return decodeText(await this.bytes())
  }

  /** @throws {BindingError} `invalid_content` when the object is no JSON. */
  async json<T = JsonValue>(): Promise<T> {
    const text = await this.text()
    try {
      return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text) as T
    } catch {
      // The parser's own message quotes the content, which must not travel.
      throw new BindingError('invalid_content', `${this.#where} is not JSON`)
    }
  }

  /** The bytes as they arrive; canceling, or leaving a `for await`, closes the source. */
  stream(): ReadableStream<Uint8Array> {
    return ReadableStream.from(this.#openBody())
  }

  async [RESULT_VALUE](maxBytes: number): Promise<JsonValue> {
    // As JSON no object is smaller than its bytes: a size over the limit needs no reading.
    if (this.size > maxBytes) throw this.#tooLarge(maxBytes)
    const bytes = await collect(this.#openBody())
    const value = textOf(bytes, this.contentType) ?? { $bytes: bytes.toString('base64') }
    if (Buffer.byteLength(JSON.stringify(value)) > maxBytes) throw this.#tooLarge(maxBytes)
    return value
  }

  #tooLarge(maxBytes: number): CommandError {
    return new CommandError(
      'payload_too_large',
      `${this.#where} has ${this.size} bytes, too many for a result of at most ${maxBytes} bytes as JSON; return a part of it`,
      { details: { side: 'result', bytes: this.size, maxBytes } },
    )
  }
}
