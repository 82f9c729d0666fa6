/**
 * Secrets in AWS Secrets Manager, each named by the prefix and its key. Credentials and, unless configured, the region
 * are those that the AWS SDK finds by itself.
 *
 * `delete` is at once and for good: a secret in its recovery window could not be set again.
 */
import type * as AwsSdk from '@aws-sdk/client-secrets-manager'
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { BindingError } from '../binding-error.js'
import { cloudError, translateCloudErrors, type CloudOperation } from '../cloud-error.js'
import { lazy } from '../lazy.js'
import { loadSdk } from '../load-sdk.js'
import { keysAmong, MAX_SECRET_BYTES } from './secret-key.js'
import type { VaultBackend } from './vault-backend.js'

export interface AwsVaultOptions {
  /** The vault's name, for messages. */
  readonly name: string
  readonly prefix: string
  readonly region?: string | undefined
  /** Of a private endpoint, or a server of tests. */
  readonly endpoint?: string | undefined
}

type Sdk = typeof AwsSdk

export class AwsSecretsVault implements VaultBackend {
  readonly maxBytes = MAX_SECRET_BYTES
  readonly #name: string
  readonly #prefix: string
  readonly #connection: () => Promise<{ sdk: Sdk; client: SecretsManagerClient }>

  constructor({ name, prefix, region, endpoint }: AwsVaultOptions) {
    this.#name = name
    this.#prefix = prefix
    this.#connection = lazy(async () => {
      const packages = ['@aws-sdk/client-secrets-manager']
      const sdk = await loadSdk(`vault "${name}"`, packages, () => import('@aws-sdk/client-secrets-manager'))
      const client = new sdk.SecretsManagerClient({
        ...(region === undefined ? {} : { region }),
        ...(endpoint === undefined ? {} : { endpoint }),
      })
      return { sdk, client }
    })
  }

  howToSet(key: string): string {
    return `create the secret ${this.#prefix}${key} in AWS Secrets Manager`
  }

  async get(key: string): Promise<string | undefined> {
    const { sdk, client } = await this.#connection()
    const command = new sdk.GetSecretValueCommand({ SecretId: this.#prefix + key })
    const output = await this.#translating(key, 'secretsmanager:GetSecretValue', () =>
      client.send(command).catch((error: unknown) => (isMarked(error) ? undefined : isMissing(error))),
    )
    if (output?.SecretBinary !== undefined) return Buffer.from(output.SecretBinary).toString()
    return output?.SecretString
  }

  async set(key: string, value: string): Promise<void> {
    const { sdk, client } = await this.#connection()
    const id = this.#prefix + key
    const replace = (): Promise<unknown> =>
      client.send(new sdk.PutSecretValueCommand({ SecretId: id, SecretString: value }))
    await this.#translating(key, 'secretsmanager:PutSecretValue and secretsmanager:CreateSecret', async () => {
      const replaced = await replace().catch((error: unknown) =>
        isMissing(isMarked(error) ? this.#refusedWhileMarked(key, error) : error),
      )
      if (replaced !== undefined) return
      await client.send(new sdk.CreateSecretCommand({ Name: id, SecretString: value })).catch((error: unknown) => {
        // Another one was faster.
        if (cloudError(error).code !== 'ResourceExistsException') throw error
        return replace()
      })
    })
  }

  async delete(key: string): Promise<void> {
    const { sdk, client } = await this.#connection()
    const command = new sdk.DeleteSecretCommand({ SecretId: this.#prefix + key, ForceDeleteWithoutRecovery: true })
    await this.#translating(key, 'secretsmanager:DeleteSecret', () => client.send(command).catch(isMissing))
  }

  async *list(): AsyncGenerator<string> {
    const { sdk, client } = await this.#connection()
    let token: string | undefined
    do {
      const command = new sdk.ListSecretsCommand({
        NextToken: token,
        ...(this.#prefix === '' ? {} : { Filters: [{ Key: 'name', Values: [this.#prefix] }] }),
      })
      const operation = { ...this.#operation('', 'secretsmanager:ListSecrets'), where: `vault "${this.#name}"` }
      const page = await translateCloudErrors(operation, () => client.send(command))
      yield* keysAmong(
        (page.SecretList ?? []).map(({ Name }) => Name),
        this.#prefix,
      )
      token = page.NextToken
    } while (token !== undefined)
  }

  #refusedWhileMarked(key: string, cause: unknown): BindingError {
    const problem = 'it is marked for deletion, and keeps its name until then'
    const advice = `run: aws secretsmanager restore-secret --secret-id ${this.#prefix}${key}`
    return new BindingError('unavailable', `${this.#operation(key, '').where}: ${problem}; ${advice}`, { cause })
  }

  #translating<T>(key: string, permission: string, action: () => Promise<T>): Promise<T> {
    return translateCloudErrors(this.#operation(key, `${permission} on secret ${this.#prefix}${key}`), action)
  }

  #operation(key: string, permission: string): CloudOperation {
    return { where: `secret "${key}" in vault "${this.#name}"`, service: 'AWS Secrets Manager', permission }
  }
}

/** Amazon has no code of its own for it. */
const isMarked = (error: unknown): boolean =>
  cloudError(error).code === 'InvalidRequestException' && /marked for deletion/.test((error as Error).message)

function isMissing(error: unknown): undefined {
  if (cloudError(error).code === 'ResourceNotFoundException') return undefined
  throw error
}
