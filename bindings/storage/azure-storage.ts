/**
 * Storage in a container of Azure Blob Storage.
 *
 * Streams go up in blocks, which nobody sees before they are committed. Credentials are those that `@azure/identity`
 * finds by itself (managed identity, workload identity, variables, `az login`), unless the account's key is given.
 */
import type * as AzureSdk from '@azure/storage-blob'
import type { BlobGetPropertiesResponse, ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { Readable } from 'node:stream'
import { BindingError } from '../binding-error.js'
import { cloudError, toBindingError, translateCloudErrors, type CloudOperation } from '../cloud-error.js'
import { lazy } from '../lazy.js'
import { loadSdk } from '../load-sdk.js'
import { copyNewest } from './copy-newest.js'
import { objectIn } from './object-key.js'
import { readBody, SourceError, watchSource } from './object-stream.js'
import type {
  ObjectBody,
  ObjectMetadata,
  OpenedObject,
  StorageBackend,
  WriteOptions,
  WrittenObject,
} from './storage-backend.js'
import { hasMark, newMark } from './write-mark.js'

const PACKAGES = ['@azure/storage-blob', '@azure/identity']

/** Two of them are in memory at once. 50,000 blocks, which Azure allows, make 400 GB. */
const BLOCK_BYTES = 8 * 1024 * 1024
const BLOCKS_IN_FLIGHT = 2

/** As Azure's documentation advises. */
const CLOCK_SKEW_MS = 15 * 60_000

const READ = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
const WRITE = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'
const DELETE = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'
const SIGN = 'Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey'

export interface AzureStorageOptions {
  /** The storage's name, for messages. */
  readonly name: string
  /** `https://ACCOUNT.blob.core.windows.net`; an emulator has the account in the path. */
  readonly accountUrl: string
  readonly container: string
  /** In the place of an identity. */
  readonly accountKey?: string | undefined
}

type Sdk = typeof AzureSdk

interface Connection {
  readonly sdk: Sdk
  readonly container: ContainerClient
  /** What signs URLs when there is no account key. */
  readonly sharedKey: StorageSharedKeyCredential | undefined
}

export class AzureStorage implements StorageBackend {
  readonly #options: AzureStorageOptions
  readonly #connection: () => Promise<Connection>

  constructor(options: AzureStorageOptions) {
    this.#options = options
    this.#connection = lazy(() => connect(options))
  }

  async head(key: string): Promise<ObjectMetadata | undefined> {
    const found = await this.#properties(key)
    return found === undefined ? undefined : metadataOf(key, found)
  }

  async #properties(key: string): Promise<BlobGetPropertiesResponse | undefined> {
    this.#assertKey(key)
    const { container } = await this.#connection()
    return translateCloudErrors(this.#operation(key, READ), async () => {
      try {
        return await container.getBlobClient(key).getProperties()
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    })
  }

  async open(
    key: string,
    { ifMatch }: { readonly ifMatch?: string },
  ): Promise<OpenedObject | 'missing' | 'precondition_failed'> {
    this.#assertKey(key)
    const { container } = await this.#connection()
    const operation = this.#operation(key, READ)
    return translateCloudErrors(operation, async () => {
      try {
        const conditions = ifMatch === undefined ? {} : { ifMatch }
        const blob = await container.getBlobClient(key).download(0, undefined, { conditions })
        return { metadata: metadataOf(key, blob), ...readBody(blob.readableStreamBody as Readable, operation) }
      } catch (error) {
        if (cloudError(error).status === 412) return 'precondition_failed'
        if (!isMissing(error)) throw error
        return ifMatch === undefined ? 'missing' : 'precondition_failed'
      }
    })
  }

  async write(key: string, body: ObjectBody, options: WriteOptions): Promise<WrittenObject | 'precondition_failed'> {
    this.#assertKey(key)
    const { container } = await this.#connection()
    const blob = container.getBlockBlobClient(key)
    const mark = newMark(options)
    const settings = {
      ...(mark === undefined ? {} : { metadata: mark }),
      blobHTTPHeaders: { blobContentType: options.contentType ?? 'application/octet-stream' },
      conditions: {
        ...(options.ifNotExists === true ? { ifNoneMatch: '*' } : {}),
        ...(options.ifMatch === undefined ? {} : { ifMatch: options.ifMatch }),
      },
    }
    let size = 0
    try {
      let etag: string | undefined
      if (body instanceof Uint8Array) {
        size = body.byteLength
        ;({ etag } = await blob.upload(body, size, settings))
      } else {
        const source = Readable.from(
          watchSource(body, (bytes) => (size += bytes)),
          { objectMode: false },
        )
        ;({ etag } = await blob.uploadStream(source, BLOCK_BYTES, BLOCKS_IN_FLIGHT, settings))
      }
      const { contentType } = options
      return { key, size, ...(contentType === undefined ? {} : { contentType }), etag: etag ?? '' }
    } catch (error) {
      if (error instanceof SourceError) throw error.cause
      const { status, code } = cloudError(error)
      // The blocks of a stream are gone when another put of the object came to its end meanwhile.
      const isOvertaken = code === 'InvalidBlockList'
      const isRefused = status === 412 || code === 'BlobAlreadyExists' || isOvertaken
      if (mark !== undefined && (isRefused || (options.ifMatch !== undefined && isMissing(error)))) {
        const found = await this.#properties(key)
        return found !== undefined && hasMark(found.metadata, mark) ? metadataOf(key, found) : 'precondition_failed'
      }
      if (isOvertaken) {
        const problem = 'another put of it came to its end meanwhile; try again'
        throw new BindingError('unavailable', `${objectIn(this.#options.name, key)}: ${problem}`, { cause: error })
      }
      throw toBindingError(this.#operation(key, WRITE), error)
    }
  }

  async delete(key: string): Promise<void> {
    this.#assertKey(key)
    const { container } = await this.#connection()
    await translateCloudErrors(this.#operation(key, DELETE), () => container.getBlobClient(key).deleteIfExists())
  }

  async *list(prefix: string): AsyncGenerator<ObjectMetadata> {
    const { container } = await this.#connection()
    const operation = { ...this.#operation('', READ), where: `storage "${this.#options.name}"` }
    try {
      for await (const { name, properties } of container.listBlobsFlat({ prefix })) {
        yield metadataOf(name, properties)
      }
    } catch (error) {
      throw toBindingError(operation, error)
    }
  }

  async copy(from: string, to: string): Promise<WrittenObject | 'missing'> {
    this.#assertKey(to)
    const { container } = await this.#connection()
    const copyOf = container.getBlobClient(from).url
    return copyNewest({
      to,
      operation: this.#operation(to, WRITE),
      head: () => this.head(from),
      copy: async (source) => {
        const sourceConditions = { ifMatch: source.etag }
        const poller = await container.getBlobClient(to).beginCopyFromURL(copyOf, { sourceConditions })
        return (await poller.pollUntilDone()).etag ?? ''
      },
    })
  }

  async signedUrl(key: string, expiresInMs: number): Promise<string> {
    this.#assertKey(key)
    const { sdk, container, sharedKey } = await this.#connection()
    return translateCloudErrors(this.#operation(key, SIGN), async () => {
      const expiresOn = new Date(Date.now() + expiresInMs)
      const blob = container.getBlobClient(key)
      const permissions = sdk.BlobSASPermissions.parse('r')
      if (sharedKey !== undefined) return blob.generateSasUrl({ permissions, expiresOn })
      const service = new sdk.BlobServiceClient(this.#options.accountUrl, container.credential)
      // The URL itself is good from the beginning, and its key by Azure's clock, which may be behind ours.
      const delegation = await service.getUserDelegationKey(new Date(Date.now() - CLOCK_SKEW_MS), expiresOn)
      return blob.generateUserDelegationSasUrl({ permissions, expiresOn }, delegation)
    })
  }

  /** Azure drops dots at the end of a segment: the object would be another one's. */
  #assertKey(key: string): void {
    const segment = key.split('/').find((text) => text.endsWith('.'))
    if (segment === undefined) return
    const problem = `no segment may end with "." in Azure, and "${segment}" does`
    throw new BindingError('invalid_key', `${objectIn(this.#options.name, key)} is not allowed: ${problem}`)
  }

  #operation(key: string, permission: string): CloudOperation {
    return {
      where: objectIn(this.#options.name, key),
      service: 'Azure Blob Storage',
      permission: `${permission} on container ${this.#options.container}, for example by the role Storage Blob Data Contributor`,
    }
  }
}

async function connect({ name, accountUrl, container, accountKey }: AzureStorageOptions): Promise<Connection> {
  const what = `storage "${name}"`
  const sdk = await loadSdk(what, PACKAGES, () => import('@azure/storage-blob'))
  const sharedKey =
    accountKey === undefined ? undefined : new sdk.StorageSharedKeyCredential(accountOf(accountUrl), accountKey)
  const identity = async () => {
    const { DefaultAzureCredential } = await loadSdk(what, PACKAGES, () => import('@azure/identity'))
    return new DefaultAzureCredential()
  }
  const service = new sdk.BlobServiceClient(accountUrl, sharedKey ?? (await identity()))
  return { sdk, container: service.getContainerClient(container), sharedKey }
}

/** Of `https://ACCOUNT.blob.core.windows.net`, or of an emulator's `http://127.0.0.1:10000/ACCOUNT`. */
function accountOf(accountUrl: string): string {
  const { hostname, pathname } = new URL(accountUrl)
  const inPath = pathname.split('/')[1] ?? ''
  return inPath === '' ? (hostname.split('.')[0] ?? '') : inPath
}

/** No such blob, as opposed to no such container. */
function isMissing(error: unknown): boolean {
  const { status, code } = cloudError(error)
  return status === 404 && code !== 'ContainerNotFound'
}

type Described = Pick<BlobGetPropertiesResponse, 'contentLength' | 'contentType' | 'etag' | 'lastModified'>

const metadataOf = (key: string, { contentLength, contentType, etag, lastModified }: Described): ObjectMetadata => ({
  key,
  size: contentLength ?? 0,
  ...(contentType === undefined ? {} : { contentType }),
  // Lists have it without the quotes that conditions want.
  etag: etag === undefined ? '' : `"${etag.replaceAll('"', '')}"`,
  lastModified: (lastModified ?? new Date(0)).toISOString(),
})
