/**
 * The vaults of the clouds, on moto, on drongo and on a server of Key Vault's documented API; on the clouds themselves
 * with `ALIEN_TEST_AWS_VAULT_PREFIX`, `ALIEN_TEST_GCP_PROJECT` and `ALIEN_TEST_KEY_VAULT_URL`.
 */
import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { startKeyVault, vaultOn } from '../../tests/cloud/key-vault-server.js'
import { cloudVariable, leg } from '../../tests/cloud/leg.js'
import { startDrongo, startMoto } from '../../tests/cloud/servers.js'
import { useServiceAccount } from '../../tests/cloud/service-account.js'
import { AwsSecretsVault } from './aws-secrets-vault.js'
import { AwsSsmVault } from './aws-ssm-vault.js'
import { AzureVault } from './azure-vault.js'
import { GcpVault } from './gcp-vault.js'
import type { VaultBackend } from './vault-backend.js'
import { testVault } from './vault.testsuite.js'

/** Of a real cloud, where tests share one vault. */
async function emptied(backend: VaultBackend): Promise<VaultBackend> {
  for await (const key of backend.list()) await backend.delete(key)
  return backend
}

await leg(
  'AWS Secrets Manager on Amazon',
  () => cloudVariable('ALIEN_TEST_AWS_VAULT_PREFIX'),
  (prefix) => {
    testVault({ open: () => emptied(new AwsSecretsVault({ name: 'contract', prefix })) })
  },
)

await leg(
  'AWS SSM on Amazon',
  () => cloudVariable('ALIEN_TEST_AWS_VAULT_PREFIX'),
  (prefix) => {
    testVault({ open: () => emptied(new AwsSsmVault({ name: 'contract', prefix })) })
  },
)

await leg(
  'Google Secret Manager on Google',
  () => cloudVariable('ALIEN_TEST_GCP_PROJECT'),
  (projectId) => {
    testVault({ open: () => emptied(new GcpVault({ name: 'contract', projectId, prefix: 'alien-test-' })) })
  },
)

await leg(
  'Azure Key Vault on Azure',
  () => cloudVariable('ALIEN_TEST_KEY_VAULT_URL'),
  (vaultUrl) => {
    testVault({ open: () => emptied(new AzureVault({ name: 'contract', vaultUrl })) })
  },
)

await leg(
  'AWS Secrets Manager and SSM on moto',
  () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'testing'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'testing-secret'
    return startMoto()
  },
  (endpoint) => {
    const options = () => ({ name: 'contract', endpoint, region: 'us-east-1', prefix: `/${randomUUID()}/` })
    describe('Secrets Manager', () => {
      testVault({ open: () => Promise.resolve(new AwsSecretsVault(options())) })
    })
    describe('SSM', () => {
      testVault({ open: () => Promise.resolve(new AwsSsmVault(options())) })
    })
  },
)

await leg(
  'Google Secret Manager on drongo',
  async () => {
    await useServiceAccount()
    return startDrongo()
  },
  (endpoint) => {
    testVault({
      open: () =>
        Promise.resolve(new GcpVault({ name: 'contract', projectId: 'project', prefix: `${randomUUID()}-`, endpoint })),
    })
  },
)

await leg('Azure Key Vault on a server of its API', startKeyVault, ({ close }) => {
  afterAll(close)

  /** Each test has a vault of its own, as a vault has no prefixes. */
  async function open(): Promise<AzureVault> {
    const server = await startKeyVault()
    onTestFinished(() => server.close())
    return vaultOn(server, 'contract')
  }
  testVault({ open })

  test.each(['a--b', 'a-_b', 'a_-b'])('a key that "_" could not be told from is refused: %s', async (key) => {
    const vault = await open()
    await expect(vault.set(key, 'x')).rejects.toMatchObject({
      code: 'invalid_key',
      message: `key "${key}" in vault "contract" is not allowed: Azure Key Vault has no "_", which is written "--" there; so no "-" may be beside another "-" or "_"`,
    })
  })
})
