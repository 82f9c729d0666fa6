/**
 * Secrets in Google Secret Manager, each named by the prefix and its key; `set` adds a version, `get` reads the latest.
 * Credentials are those that Google's library finds by itself.
 */
import type { SecretManagerServiceClient } from '@google-cloud/secret-manager'
import { cloudError, toBindingError, translateCloudErrors, type CloudOperation } from '../cloud-error.js'
import { lazy } from '../lazy.js'
import { loadSdk } from '../load-sdk.js'
import { keysAmong, MAX_SECRET_BYTES } from './secret-key.js'
import type { VaultBackend } from './vault-backend.js'

export interface GcpVaultOptions {
  /** The vault's name, for messages. */
  readonly name: string
  readonly projectId: string
  readonly prefix: string
  /** Of a private endpoint, or a server of tests; spoken to by REST. */
  readonly endpoint?: string | undefined
}

export class GcpVault implements VaultBackend {
  readonly maxBytes = MAX_SECRET_BYTES
  readonly #name: string
  readonly #project: string
  readonly #prefix: string
  readonly #client: () => Promise<SecretManagerServiceClient>

  constructor({ name, projectId, prefix, endpoint }: GcpVaultOptions) {
    this.#name = name
    this.#project = `projects/${projectId}`
    this.#prefix = prefix
    this.#client = lazy(async () => {
      const packages = ['@google-cloud/secret-manager']
      const sdk = await loadSdk(`vault "${name}"`, packages, () => import('@google-cloud/secret-manager'))
      return new sdk.SecretManagerServiceClient({ projectId, ...(endpoint === undefined ? {} : restOptions(endpoint)) })
    })
  }

  howToSet(key: string): string {
    return `create the secret ${this.#prefix}${key} in Google Secret Manager, ${this.#project}`
  }

  async get(key: string): Promise<string | undefined> {
    const client = await this.#client()
    const name = `${this.#secret(key)}/versions/latest`
    const answer = await this.#translating(key, 'secretmanager.versions.access', () =>
      client.accessSecretVersion({ name }).catch(isMissing),
    )
    const data = answer?.[0].payload?.data
    return data === undefined || data === null ? undefined : Buffer.from(data as Uint8Array).toString()
  }

  async set(key: string, value: string): Promise<void> {
    const client = await this.#client()
    const version = { parent: this.#secret(key), payload: { data: Buffer.from(value) } }
    await this.#translating(key, 'secretmanager.secrets.create and secretmanager.versions.add', async () => {
      if ((await client.addSecretVersion(version).catch(isMissing)) !== undefined) return
      const secretId = this.#prefix + key
      const secret = { replication: { automatic: {} } }
      await client.createSecret({ parent: this.#project, secretId, secret }).catch((error: unknown) => {
        // Another one was faster.
        if (cloudError(error).status !== 409) throw error
      })
      await client.addSecretVersion(version)
    })
  }

  async delete(key: string): Promise<void> {
    const client = await this.#client()
    const name = this.#secret(key)
    await this.#translating(key, 'secretmanager.secrets.delete', () => client.deleteSecret({ name }).catch(isMissing))
  }

  async *list(): AsyncGenerator<string> {
    const client = await this.#client()
    const operation = { ...this.#operation('', 'secretmanager.secrets.list'), where: `vault "${this.#name}"` }
    try {
      for await (const { name } of client.listSecretsAsync({ parent: this.#project })) {
        yield* keysAmong([name?.split('/').at(-1)], this.#prefix)
      }
    } catch (error) {
      throw toBindingError(operation, error)
    }
  }

  #secret(key: string): string {
    return `${this.#project}/secrets/${this.#prefix}${key}`
  }

  #translating<T>(key: string, permission: string, action: () => Promise<T>): Promise<T> {
    return translateCloudErrors(this.#operation(key, `${permission} on ${this.#secret(key)}`), action)
  }

  #operation(key: string, permission: string): CloudOperation {
    return { where: `secret "${key}" in vault "${this.#name}"`, service: 'Google Secret Manager', permission }
  }
}

function restOptions(endpoint: string) {
  const { protocol, hostname, port } = new URL(endpoint)
  const scheme = protocol.slice(0, -1)
  return {
    fallback: true,
    protocol: scheme,
    apiEndpoint: hostname,
    port: port === '' ? (scheme === 'http' ? 80 : 443) : Number(port),
  }
}

function isMissing(error: unknown): undefined {
  if (cloudError(error).status === 404) return undefined
  throw error
}
