/**
 * Storage in a bucket of Google Cloud Storage.
 *
 * An etag is the object's generation. Reads name it, so that metadata and bytes are of one version; streams go up by
 * resumable upload, which nobody sees before its end. Credentials are those that Google's library finds by itself.
 */
import type { Bucket, File, FileMetadata } from '@google-cloud/storage'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { cloudError, toBindingError, translateCloudErrors, type CloudOperation } from '../cloud-error.js'
import { lazy } from '../lazy.js'
import { loadSdk } from '../load-sdk.js'
import { objectIn } from './object-key.js'
import { chunksOf, replacedMeanwhile, SourceError, watchSource } from './object-stream.js'
import type { ObjectBody, ObjectMetadata, OpenedObject, StorageBackend, WriteOptions } from './storage-backend.js'
import { hasMark, newMark } from './write-mark.js'

/**
 * For an answer, and what is in it but for an object's bytes; the library asks four times. Without it, it waits for ever for
 * the rest of one whose connection is gone. Longer than Google takes to copy what it copies in one request.
 */
const ANSWER_MS = 60_000

/** A request as the library is about to send it; those of resumable uploads, which go another way, have no `uri`. */
interface Asked {
  readonly uri: string
}

export interface GcsStorageOptions {
  /** The storage's name, for messages. */
  readonly name: string
  readonly bucket: string
  readonly projectId?: string | undefined
  /** Another address of the service. Over plain http no credentials are sent. */
  readonly endpoint?: string | undefined
}

/** But of uploads, which take as long as they take. */
const withTimeout = (asked: Asked): Asked & { readonly timeout?: number } =>
  'uri' in asked && !asked.uri.includes('/upload/') ? { ...asked, timeout: ANSWER_MS } : asked

export class GcsStorage implements StorageBackend {
  readonly #name: string
  readonly #bucketName: string
  readonly #bucket: () => Promise<Bucket>

  constructor({ name, bucket, projectId, endpoint }: GcsStorageOptions) {
    this.#name = name
    this.#bucketName = bucket
    this.#bucket = lazy(async () => {
      const packages = ['@google-cloud/storage']
      const { Storage } = await loadSdk(`storage "${name}"`, packages, () => import('@google-cloud/storage'))
      const client = new Storage({
        ...(projectId === undefined ? {} : { projectId }),
        ...(endpoint === undefined
          ? {}
          : { apiEndpoint: endpoint, useAuthWithCustomEndpoint: !endpoint.startsWith('http:') }),
      })
      client.interceptors.push({ request: withTimeout })
      return client.bucket(bucket)
    })
  }

  async head(key: string): Promise<ObjectMetadata | undefined> {
    const found = await this.#metadata(key)
    return found === undefined ? undefined : metadataOf(key, found)
  }

  async #metadata(key: string): Promise<FileMetadata | undefined> {
    const bucket = await this.#bucket()
    return translateCloudErrors(this.#operation(key, 'storage.objects.get'), async () => {
      try {
        const [metadata] = await bucket.file(key).getMetadata()
        return metadata
      } catch (error) {
        if (cloudError(error).status === 404) return undefined
        throw error
      }
    })
  }

  async open(
    key: string,
    { ifMatch }: { readonly ifMatch?: string },
  ): Promise<OpenedObject | 'missing' | 'precondition_failed'> {
    const metadata = await this.head(key)
    if (metadata === undefined) return ifMatch === undefined ? 'missing' : 'precondition_failed'
    if (ifMatch !== undefined && ifMatch !== metadata.etag) return 'precondition_failed'
    const bucket = await this.#bucket()
    const body = this.#read(key, bucket.file(key, { generation: metadata.etag }))
    return { metadata, body, close: () => body.return(undefined).then(() => undefined) }
  }

  /** Asks for the bytes only when somebody reads them. */
  async *#read(key: string, version: File): AsyncGenerator<Uint8Array, undefined> {
    const stream = version.createReadStream({ decompress: false })
    try {
      yield* chunksOf(stream)
    } catch (error) {
      const operation = this.#operation(key, 'storage.objects.get')
      throw cloudError(error).status === 404 ? replacedMeanwhile(operation.where) : toBindingError(operation, error)
    } finally {
      // Or the library's agent gives the connection, which is closing, to the next request.
      await setImmediate()
    }
    return undefined
  }

  async write(key: string, body: ObjectBody, options: WriteOptions): Promise<ObjectMetadata | 'precondition_failed'> {
    const generation = generationOf(options)
    if (generation === undefined) return 'precondition_failed'
    const bucket = await this.#bucket()
    const file = bucket.file(key)
    const mark = newMark(options)
    const settings = {
      metadata: {
        // Without it, the library would guess one by the key's extension.
        contentType: options.contentType ?? 'application/octet-stream',
        ...(mark === undefined ? {} : { metadata: mark }),
      },
      ...(generation === 'any' ? {} : { preconditionOpts: { ifGenerationMatch: generation } }),
    }
    try {
      if (body instanceof Uint8Array) await file.save(Buffer.from(body), { ...settings, resumable: false })
      else await pipeline(Readable.from(watchSource(body)), file.createWriteStream({ ...settings, resumable: true }))
    } catch (error) {
      if (error instanceof SourceError) throw error.cause
      if (cloudError(error).status === 412 && mark !== undefined) {
        const found = await this.#metadata(key)
        return found !== undefined && hasMark(found.metadata, mark) ? metadataOf(key, found) : 'precondition_failed'
      }
      throw toBindingError(this.#operation(key, 'storage.objects.create and storage.objects.delete'), error)
    }
    return metadataOf(key, file.metadata)
  }

  async delete(key: string): Promise<void> {
    const bucket = await this.#bucket()
    await translateCloudErrors(this.#operation(key, 'storage.objects.delete'), () =>
      bucket.file(key).delete({ ignoreNotFound: true }),
    )
  }

  async *list(prefix: string): AsyncGenerator<ObjectMetadata> {
    const bucket = await this.#bucket()
    const where = `storage "${this.#name}"`
    const operation = { where, service: 'Cloud Storage', permission: this.#permission('storage.objects.list') }
    let pageToken: string | undefined
    do {
      const query = { prefix, autoPaginate: false, ...(pageToken === undefined ? {} : { pageToken }) }
      const [files, next] = await translateCloudErrors(operation, () => bucket.getFiles(query))
      for (const { name, metadata } of files) {
        // What the console makes for a folder.
        if (!name.endsWith('/')) yield metadataOf(name, metadata)
      }
      pageToken = (next as { readonly pageToken?: string } | null)?.pageToken
    } while (pageToken !== undefined)
  }

  async copy(from: string, to: string): Promise<ObjectMetadata | 'missing'> {
    const bucket = await this.#bucket()
    return translateCloudErrors(this.#operation(to, 'storage.objects.create'), async () => {
      try {
        const [copied] = await bucket.file(from).copy(bucket.file(to))
        const [metadata] = await copied.getMetadata()
        return metadataOf(to, metadata)
      } catch (error) {
        if (cloudError(error).status === 404) return 'missing'
        throw error
      }
    })
  }

  async signedUrl(key: string, expiresInMs: number): Promise<string> {
    const bucket = await this.#bucket()
    return translateCloudErrors(this.#operation(key, 'iam.serviceAccounts.signBlob'), async () => {
      const expires = Date.now() + expiresInMs
      const [url] = await bucket.file(key).getSignedUrl({ version: 'v4', action: 'read', expires })
      return url
    })
  }

  #operation(key: string, permission: string): CloudOperation {
    return {
      where: objectIn(this.#name, key),
      service: 'Cloud Storage',
      permission: this.#permission(permission),
    }
  }

  #permission(permission: string): string {
    return `${permission} on bucket ${this.#bucketName}`
  }
}

/** 0 stands for no object; `undefined` when no object can match, for no generation is spelled like that. */
function generationOf({ ifNotExists, ifMatch }: WriteOptions): number | string | undefined {
  if (ifNotExists === true) return 0
  if (ifMatch === undefined) return 'any'
  return /^[1-9]\d*$/.test(ifMatch) ? ifMatch : undefined
}

function metadataOf(key: string, { size, contentType, generation, updated }: FileMetadata): ObjectMetadata {
  return {
    key,
    size: Number(size ?? 0),
    ...(contentType === undefined ? {} : { contentType }),
    etag: String(generation ?? ''),
    lastModified: new Date(updated ?? 0).toISOString(),
  }
}
