/** From a checked binding to its backend. */
import { resolve } from 'node:path'
import type { z } from 'zod'
import type { storageBinding, vaultBinding } from './binding-schema.js'
import { AzureStorage } from './storage/azure-storage.js'
import { GcsStorage } from './storage/gcs-storage.js'
import { LocalStorage } from './storage/local-storage.js'
import { MemoryStorage } from './storage/memory-storage.js'
import { S3Storage } from './storage/s3-storage.js'
import type { StorageBackend } from './storage/storage-backend.js'
import { AwsSecretsVault } from './vault/aws-secrets-vault.js'
import { AwsSsmVault } from './vault/aws-ssm-vault.js'
import { AzureVault } from './vault/azure-vault.js'
import { CachedVault } from './vault/cached-vault.js'
import { EnvironmentVault } from './vault/environment-vault.js'
import { GcpVault } from './vault/gcp-vault.js'
import { KubernetesVault } from './vault/kubernetes-vault.js'
import { KeyFile, Passphrase, type LocalVaultKey } from './vault/local-vault-key.js'
import { LocalVault } from './vault/local-vault.js'
import { MemoryVault } from './vault/memory-vault.js'
import { OsKeyring } from './vault/os-keyring.js'
import type { VaultBackend } from './vault/vault-backend.js'

export type Environment = Readonly<Record<string, string | undefined>>

type CheckedStorage = z.output<typeof storageBinding>
type CheckedVault = z.output<typeof vaultBinding>

export function openStorage(name: string, binding: CheckedStorage): StorageBackend {
  switch (binding.service) {
    case 'local':
      return new LocalStorage({ name, path: resolve(binding.path) })
    case 'memory':
      return new MemoryStorage({ name })
    case 's3':
      return new S3Storage({ name, ...binding })
    case 'gcs':
      return new GcsStorage({ name, ...binding })
    case 'azure-blob':
      return new AzureStorage({ name, ...binding })
  }
}

/** @param environment Where an `env` vault has its secrets, and a local one its passphrase. */
export function openVault(name: string, binding: CheckedVault, environment: Environment): VaultBackend {
  const backend = openUncached(name, binding, environment)
  return 'cacheTtlMs' in binding && binding.cacheTtlMs > 0 ? new CachedVault(backend, binding.cacheTtlMs) : backend
}

function openUncached(name: string, binding: CheckedVault, environment: Environment): VaultBackend {
  switch (binding.service) {
    case 'local': {
      const path = resolve(binding.path)
      return new LocalVault({ name, path, key: localVaultKey(path, binding, environment) })
    }
    case 'memory':
      return new MemoryVault()
    case 'env':
      return new EnvironmentVault({ name, prefix: binding.prefix, environment })
    case 'aws-secrets-manager':
      return new AwsSecretsVault({ name, ...binding })
    case 'aws-ssm':
      return new AwsSsmVault({ name, ...binding })
    case 'gcp-secret-manager':
      return new GcpVault({ name, ...binding })
    case 'azure-key-vault':
      return new AzureVault({ name, vaultUrl: binding.vaultUrl })
    case 'kubernetes':
      return new KubernetesVault({ name, path: resolve(binding.path) })
  }
}

function localVaultKey(
  path: string,
  { keyFile = `${path}.key`, keyring, passphraseVariable }: Extract<CheckedVault, { service: 'local' }>,
  environment: Environment,
): LocalVaultKey {
  if (passphraseVariable !== undefined) return new Passphrase(passphraseVariable, environment)
  return keyring === undefined ? new KeyFile(resolve(keyFile)) : new OsKeyring(keyring)
}
