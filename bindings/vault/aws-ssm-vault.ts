/**
 * Secrets in AWS Systems Manager's Parameter Store, as SecureStrings, each named by the prefix and its key. Credentials
 * and, unless configured, the region are those that the AWS SDK finds by itself.
 */
import type * as AwsSdk from '@aws-sdk/client-ssm'
import type { SSMClient } from '@aws-sdk/client-ssm'
import { cloudError, translateCloudErrors, type CloudOperation } from '../cloud-error.js'
import { lazy } from '../lazy.js'
import { loadSdk } from '../load-sdk.js'
import type { AwsVaultOptions } from './aws-secrets-vault.js'
import { keysAmong } from './secret-key.js'
import type { VaultBackend } from './vault-backend.js'

/** Of an advanced parameter; those up to 4 KiB are standard ones, which cost nothing. */
const MAX_BYTES = 8 * 1024

type Sdk = typeof AwsSdk

export class AwsSsmVault implements VaultBackend {
  readonly maxBytes = MAX_BYTES
  readonly #name: string
  readonly #prefix: string
  readonly #connection: () => Promise<{ sdk: Sdk; client: SSMClient }>

  constructor({ name, prefix, region, endpoint }: AwsVaultOptions) {
    this.#name = name
    this.#prefix = prefix
    this.#connection = lazy(async () => {
      const sdk = await loadSdk(`vault "${name}"`, ['@aws-sdk/client-ssm'], () => import('@aws-sdk/client-ssm'))
      const client = new sdk.SSMClient({
        ...(region === undefined ? {} : { region }),
        ...(endpoint === undefined ? {} : { endpoint }),
      })
      return { sdk, client }
    })
  }

  howToSet(key: string): string {
    return `create the SecureString parameter ${this.#prefix}${key} in AWS Systems Manager`
  }

  async get(key: string): Promise<string | undefined> {
    const { sdk, client } = await this.#connection()
    const command = new sdk.GetParameterCommand({ Name: this.#prefix + key, WithDecryption: true })
    const output = await this.#translating(key, 'ssm:GetParameter and kms:Decrypt', () =>
      client.send(command).catch(isMissing),
    )
    return output?.Parameter?.Value
  }

  async set(key: string, value: string): Promise<void> {
    const { sdk, client } = await this.#connection()
    const command = new sdk.PutParameterCommand({
      Name: this.#prefix + key,
      Value: value,
      Type: 'SecureString',
      Overwrite: true,
      Tier: 'Intelligent-Tiering',
    })
    await this.#translating(key, 'ssm:PutParameter', () => client.send(command))
  }

  async delete(key: string): Promise<void> {
    const { sdk, client } = await this.#connection()
    const command = new sdk.DeleteParameterCommand({ Name: this.#prefix + key })
    await this.#translating(key, 'ssm:DeleteParameter', () => client.send(command).catch(isMissing))
  }

  async *list(): AsyncGenerator<string> {
    const { sdk, client } = await this.#connection()
    let token: string | undefined
    do {
      const command = new sdk.DescribeParametersCommand({
        NextToken: token,
        ParameterFilters: [{ Key: 'Name', Option: 'BeginsWith', Values: [this.#prefix] }],
      })
      const operation = { ...this.#operation('', 'ssm:DescribeParameters'), where: `vault "${this.#name}"` }
      const page = await translateCloudErrors(operation, () => client.send(command))
      yield* keysAmong(
        (page.Parameters ?? []).map(({ Name }) => Name),
        this.#prefix,
      )
      token = page.NextToken
    } while (token !== undefined)
  }

  #translating<T>(key: string, permission: string, action: () => Promise<T>): Promise<T> {
    return translateCloudErrors(this.#operation(key, `${permission} on parameter ${this.#prefix}${key}`), action)
  }

  #operation(key: string, permission: string): CloudOperation {
    return { where: `secret "${key}" in vault "${this.#name}"`, service: 'AWS Systems Manager', permission }
  }
}

function isMissing(error: unknown): undefined {
  if (cloudError(error).code === 'ParameterNotFound') return undefined
  throw error
}
