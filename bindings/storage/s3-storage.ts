/**
 * Storage in an S3 bucket, Amazon's or a compatible one.
 *
 * Bodies in memory are one request; streams go up in parts, which nobody sees before the last. Credentials and, unless
 * configured, the region are those that the AWS SDK finds by itself: variables, profile, role.
 */
import type * as S3Sdk from '@aws-sdk/client-s3'
import type { GetObjectCommandOutput, PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'
import { cloudError, toBindingError, translateCloudErrors, type CloudOperation } from '../cloud-error.js'
import { lazy } from '../lazy.js'
import { loadSdk } from '../load-sdk.js'
import { copyNewest } from './copy-newest.js'
import { objectIn } from './object-key.js'
import { readBody, SourceError, watchSource } from './object-stream.js'
import { copyObject } from './s3-copy.js'
import type {
  ObjectBody,
  ObjectMetadata,
  OpenedObject,
  StorageBackend,
  WriteOptions,
  WrittenObject,
} from './storage-backend.js'
import { hasMark, newMark, type Marked } from './write-mark.js'

const PACKAGES = ['@aws-sdk/client-s3', '@aws-sdk/lib-storage', '@aws-sdk/s3-request-presigner']

/** Two of them are in memory at once. 10,000 parts, which S3 allows, make 80 GB. */
const PART_BYTES = 8 * 1024 * 1024
const PARTS_IN_FLIGHT = 2

/** A write that met another one under way, which S3 wants repeated. */
const MAX_ATTEMPTS = 5

export interface S3StorageOptions {
  /** The storage's name, for messages. */
  readonly name: string
  readonly bucket: string
  readonly region?: string | undefined
  /** Of a compatible store. */
  readonly endpoint?: string | undefined
  /** The bucket in the path instead of the host name, as most compatible stores want it. */
  readonly forcePathStyle?: boolean | undefined
}

export class S3Storage implements StorageBackend {
  readonly #name: string
  readonly #bucket: string
  readonly #sdk: () => Promise<{ s3: typeof S3Sdk; client: S3Client }>

  constructor({ name, bucket, region, endpoint, forcePathStyle }: S3StorageOptions) {
    this.#name = name
    this.#bucket = bucket
    this.#sdk = lazy(async () => {
      const s3 = await loadSdk(`storage "${name}"`, PACKAGES, () => import('@aws-sdk/client-s3'))
      const client = new s3.S3Client({
        ...(region === undefined ? {} : { region }),
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(forcePathStyle === undefined ? {} : { forcePathStyle }),
      })
      return { s3, client }
    })
  }

  async head(key: string): Promise<ObjectMetadata | undefined> {
    const { s3, client } = await this.#sdk()
    return translateCloudErrors(this.#reading(key), async () => {
      const head = await client.send(new s3.HeadObjectCommand({ Bucket: this.#bucket, Key: key })).catch(isMissing)
      return head === undefined ? undefined : metadataOf(key, head)
    })
  }

  async open(
    key: string,
    { ifMatch }: { readonly ifMatch?: string },
  ): Promise<OpenedObject | 'missing' | 'precondition_failed'> {
    const { s3, client } = await this.#sdk()
    const operation = this.#reading(key)
    return translateCloudErrors(operation, async () => {
      const command = new s3.GetObjectCommand({ Bucket: this.#bucket, Key: key, IfMatch: ifMatch })
      try {
        const output = await client.send(command)
        return { metadata: metadataOf(key, output), ...readBody(output.Body as Readable, operation) }
      } catch (error) {
        const { status, code } = cloudError(error)
        if (status === 412) return 'precondition_failed'
        if (status !== 404 || code === 'NoSuchBucket') throw error
        return ifMatch === undefined ? 'missing' : 'precondition_failed'
      }
    })
  }

  async write(key: string, body: ObjectBody, options: WriteOptions): Promise<WrittenObject | 'precondition_failed'> {
    const mark = newMark(options)
    const input: PutObjectCommandInput = {
      Bucket: this.#bucket,
      Key: key,
      ContentType: options.contentType,
      IfNoneMatch: options.ifNotExists === true ? '*' : undefined,
      IfMatch: options.ifMatch,
      Metadata: mark,
    }
    const put = body instanceof Uint8Array ? this.#putBytes(input, body) : this.#putStream(input, body)
    try {
      const { etag = '', size } = await put
      return { key, size, ...(options.contentType === undefined ? {} : { contentType: options.contentType }), etag }
    } catch (error) {
      if (error instanceof SourceError) throw error.cause
      const { status } = cloudError(error)
      // 404: there is no version to match; or the parts are an object by now.
      const isRefused = mark !== undefined && (status === 412 || status === 404)
      const written = isRefused ? await this.#marked(key, mark) : undefined
      if (written !== undefined) return written
      if (isRefused && (status === 412 || options.ifMatch !== undefined)) return 'precondition_failed'
      throw toBindingError(this.#operation(key, 's3:PutObject'), error)
    }
  }

  async #marked(key: string, mark: Marked): Promise<ObjectMetadata | undefined> {
    const { s3, client } = await this.#sdk()
    return translateCloudErrors(this.#reading(key), async () => {
      const head = await client.send(new s3.HeadObjectCommand({ Bucket: this.#bucket, Key: key })).catch(isMissing)
      return hasMark(head?.Metadata, mark) ? metadataOf(key, head ?? {}) : undefined
    })
  }

  async #putBytes(input: PutObjectCommandInput, body: Uint8Array): Promise<Put> {
    const { s3, client } = await this.#sdk()
    for (let attempt = 1; ; attempt++) {
      try {
        const { ETag: etag } = await client.send(new s3.PutObjectCommand({ ...input, Body: body }))
        return { etag, size: body.byteLength }
      } catch (error) {
        if (cloudError(error).status !== 409 || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  async #putStream(input: PutObjectCommandInput, body: AsyncIterable<Uint8Array>): Promise<Put> {
    const { client } = await this.#sdk()
    const { Upload } = await loadSdk(`storage "${this.#name}"`, PACKAGES, () => import('@aws-sdk/lib-storage'))
    let size = 0
    const counted = watchSource(body, (bytes) => (size += bytes))
    const source = Readable.from(counted, { objectMode: false })
    const params = { ...input, Body: source }
    const upload = new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_IN_FLIGHT })
    try {
      const { ETag: etag } = await upload.done()
      return { etag, size }
    } catch (error) {
      // When parts cannot be taken back either, that is all that the upload says.
      throw source.errored instanceof SourceError ? source.errored : error
    }
  }

  async delete(key: string): Promise<void> {
    const { s3, client } = await this.#sdk()
    await translateCloudErrors(this.#operation(key, 's3:DeleteObject'), async () => {
      await client.send(new s3.DeleteObjectCommand({ Bucket: this.#bucket, Key: key })).catch((error: unknown) => {
        // Amazon's answers "gone" for what never was; others say that it is not there.
        if (cloudError(error).code !== 'NoSuchKey') throw error
      })
    })
  }

  async *list(prefix: string): AsyncGenerator<ObjectMetadata> {
    const { s3, client } = await this.#sdk()
    const where = `storage "${this.#name}"`
    const operation = { where, service: 'S3', permission: `s3:ListBucket on arn:aws:s3:::${this.#bucket}` }
    let token: string | undefined
    do {
      const input = { Bucket: this.#bucket, Prefix: prefix, ContinuationToken: token }
      const page = await translateCloudErrors(operation, () => client.send(new s3.ListObjectsV2Command(input)))
      for (const { Key, Size, ETag, LastModified } of page.Contents ?? []) {
        if (Key === undefined || Key.endsWith('/')) continue
        yield metadataOf(Key, { ContentLength: Size, ETag, LastModified })
      }
      token = page.NextContinuationToken
    } while (token !== undefined)
  }

  async copy(from: string, to: string): Promise<WrittenObject | 'missing'> {
    return copyNewest({
      to,
      operation: this.#operation(to, 's3:PutObject'),
      head: () => this.head(from),
      copy: async (source) => {
        const etag = await copyObject(await this.#sdk(), { ...source, bucket: this.#bucket, from, to })
        return etag ?? source.etag
      },
    })
  }

  async signedUrl(key: string, expiresInMs: number): Promise<string> {
    const { s3, client } = await this.#sdk()
    const what = `storage "${this.#name}"`
    const { getSignedUrl } = await loadSdk(what, PACKAGES, () => import('@aws-sdk/s3-request-presigner'))
    return translateCloudErrors(this.#reading(key), () =>
      getSignedUrl(client, new s3.GetObjectCommand({ Bucket: this.#bucket, Key: key }), {
        expiresIn: expiresInMs / 1000,
      }),
    )
  }

  /** S3 denies what is not there to who may not list. */
  #reading(key: string): CloudOperation {
    const operation = this.#operation(key, 's3:GetObject')
    const list = `s3:ListBucket on arn:aws:s3:::${this.#bucket}, without which a missing object is denied as well`
    return { ...operation, permission: `${operation.permission}, and ${list}` }
  }

  #operation(key: string, action: string): CloudOperation {
    return {
      where: objectIn(this.#name, key),
      service: 'S3',
      permission: `${action} on arn:aws:s3:::${this.#bucket}/*`,
    }
  }
}

interface Put {
  readonly etag: string | undefined
  readonly size: number
}

type Described = Pick<GetObjectCommandOutput, 'ContentLength' | 'ContentType' | 'ETag' | 'LastModified'>

const metadataOf = (key: string, { ContentLength, ContentType, ETag, LastModified }: Described): ObjectMetadata => ({
  key,
  size: ContentLength ?? 0,
  ...(ContentType === undefined ? {} : { contentType: ContentType }),
  etag: ETag ?? '',
  lastModified: (LastModified ?? new Date(0)).toISOString(),
})

function isMissing(error: unknown): undefined {
  if (cloudError(error).status === 404) return undefined
  throw error
}
