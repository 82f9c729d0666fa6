/**
 * What a store of objects must be able to do. `Storage` calls it; each backend is one file.
 *
 * Keys and prefixes arrive checked (`object-key.ts`). What a caller may well meet, a missing object or a precondition
 * that does not hold, is answered as a value; `Storage` words the error. What is thrown is a `BindingError`.
 *
 * An object without a content type may be kept as `application/octet-stream`: `Storage` takes the two for the same.
 */

/** Plain JSON, so that a handler may return it as it is. */
export interface ObjectMetadata {
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** As it was given to `put`. Left out of lists, where most backends would need one more request per object. */
  readonly contentType?: string
  /** Changes with every write of other bytes; for `ifMatch`. Opaque: its form differs from backend to backend. */
  readonly etag: string
  /** ISO 8601, UTC, milliseconds. */
  readonly lastModified: string
}

/** Without the time, which S3 tells only to those who ask again. */
export type WrittenObject = Omit<ObjectMetadata, 'lastModified'>

/** Bytes as a backend takes them: whole when they are in memory anyway, so that it can use one plain request. */
export type ObjectBody = Uint8Array | AsyncIterable<Uint8Array>

export interface OpenedObject {
  readonly metadata: ObjectMetadata
  /** The bytes of exactly this version; may be iterated once. */
  readonly body: AsyncIterable<Uint8Array>
  /** Frees the file or the connection. The caller always closes, whether it read all, some or nothing. */
  close(): Promise<void>
}

export interface WriteOptions {
  readonly contentType?: string
  /** Write only if there is no object under the key. */
  readonly ifNotExists?: boolean
  /** Write only over the version with this etag. */
  readonly ifMatch?: string
}

export interface StorageBackend {
  head(key: string): Promise<ObjectMetadata | undefined>
  /** Opens the object, or tells that it is missing, or that it is not the version `ifMatch` names. */
  open(key: string, options: { readonly ifMatch?: string }): Promise<OpenedObject | 'missing' | 'precondition_failed'>
  /** Atomic: readers see the whole old object or the whole new one, and a body that throws changes nothing. */
  write(key: string, body: ObjectBody, options: WriteOptions): Promise<WrittenObject | 'precondition_failed'>
  /** Deleting what is not there is no error, as in every cloud. */
  delete(key: string): Promise<void>
  /** Every object whose key starts with `prefix`, sorted by the key's UTF-8 bytes; pages inside, holds one at a time. */
  list(prefix: string): AsyncIterable<ObjectMetadata>
  copy(from: string, to: string): Promise<WrittenObject | 'missing'>
  /** An HTTPS URL by which anybody can read the object for `expiresInMs`, whole seconds. */
  signedUrl(key: string, expiresInMs: number): Promise<string>
}
