/**
 * Secrets in Azure Key Vault. Its names have no `_`, which is spelled `--` there; so a key with two `-` side by side, or
 * a `-` beside a `_`, is refused. Letters count as the same whether they are small or not.
 *
 * Credentials are those that `@azure/identity` finds by itself. A deleted secret stays recoverable as long as the vault
 * says; setting it anew recovers it first.
 */
import type { SecretClient, SecretClientOptions } from '@azure/keyvault-secrets'
import { BindingError } from '../binding-error.js'
import { cloudError, toBindingError, translateCloudErrors, type CloudOperation } from '../cloud-error.js'
import { lazy } from '../lazy.js'
import { loadSdk } from '../load-sdk.js'
import { SECRET_KEY } from './secret-key.js'
import type { VaultBackend } from './vault-backend.js'

const PACKAGES = ['@azure/keyvault-secrets', '@azure/identity']

const MAX_BYTES = 25 * 1024

export interface AzureVaultOptions {
  /** The vault's name, for messages. */
  readonly name: string
  /** `https://NAME.vault.azure.net` */
  readonly vaultUrl: string
  /** What a server of tests needs. Default: the identity of the environment. */
  readonly connect?: (sdk: Sdk) => SecretClient
}

type Sdk = {
  readonly SecretClient: new (url: string, credential: Credential, options?: SecretClientOptions) => SecretClient
}
type Credential = ConstructorParameters<typeof SecretClient>[1]

export class AzureVault implements VaultBackend {
  readonly maxBytes = MAX_BYTES
  readonly #name: string
  readonly #vaultUrl: string
  readonly #client: () => Promise<SecretClient>

  constructor({ name, vaultUrl, connect }: AzureVaultOptions) {
    this.#name = name
    this.#vaultUrl = vaultUrl
    this.#client = lazy(async () => {
      const what = `vault "${name}"`
      const sdk = await loadSdk(what, PACKAGES, () => import('@azure/keyvault-secrets'))
      if (connect !== undefined) return connect(sdk)
      const { DefaultAzureCredential } = await loadSdk(what, PACKAGES, () => import('@azure/identity'))
      return new sdk.SecretClient(vaultUrl, new DefaultAzureCredential())
    })
  }

  howToSet(key: string): string {
    return `create the secret ${toAzureName(key)} in ${this.#vaultUrl}`
  }

  async get(key: string): Promise<string | undefined> {
    const name = this.#azureName(key)
    const client = await this.#client()
    const secret = await this.#translating(key, 'get', () => client.getSecret(name).catch(isMissing))
    return secret?.value
  }

  async set(key: string, value: string): Promise<void> {
    const name = this.#azureName(key)
    const client = await this.#client()
    await this.#translating(key, 'set and recover', async () => {
      try {
        await client.setSecret(name, value)
      } catch (error) {
        // Deleted, and recoverable: until then the name is taken.
        if (cloudError(error).status !== 409) throw error
        const recovery = await client.beginRecoverDeletedSecret(name)
        await recovery.pollUntilDone()
        await client.setSecret(name, value)
      }
    })
  }

  async delete(key: string): Promise<void> {
    const name = this.#azureName(key)
    const client = await this.#client()
    await this.#translating(key, 'delete', async () => {
      const deletion = await client.beginDeleteSecret(name).catch(isMissing)
      await deletion?.pollUntilDone()
    })
  }

  async *list(): AsyncGenerator<string> {
    const client = await this.#client()
    const operation = { ...this.#operation('', 'list'), where: `vault "${this.#name}"` }
    try {
      for await (const { name } of client.listPropertiesOfSecrets()) {
        const key = name.replaceAll('--', '_')
        if (SECRET_KEY.test(key)) yield key
      }
    } catch (error) {
      throw toBindingError(operation, error)
    }
  }

  #azureName(key: string): string {
    if (!/--|-_|_-/.test(key)) return toAzureName(key)
    const problem =
      'Azure Key Vault has no "_", which is written "--" there; so no "-" may be beside another "-" or "_"'
    throw new BindingError('invalid_key', `key "${key}" in vault "${this.#name}" is not allowed: ${problem}`)
  }

  #translating<T>(key: string, permission: string, action: () => Promise<T>): Promise<T> {
    return translateCloudErrors(this.#operation(key, permission), action)
  }

  #operation(key: string, permission: string): CloudOperation {
    return {
      where: `secret "${key}" in vault "${this.#name}"`,
      service: 'Azure Key Vault',
      permission: `the secret permission ${permission} in ${this.#vaultUrl}, for example by the role Key Vault Secrets Officer`,
    }
  }
}

const toAzureName = (key: string): string => key.replaceAll('_', '--')

function isMissing(error: unknown): undefined {
  if (cloudError(error).status === 404) return undefined
  throw error
}
