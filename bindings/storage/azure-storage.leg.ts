/**
 * Azure Blob Storage on azurite; on Azure itself with `ALIEN_TEST_AZURE_CONTAINER`, the URL of an empty container of
 * one's own.
 */
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { cloudVariable, leg } from '../../tests/cloud/leg.js'
import { startAzurite } from '../../tests/cloud/servers.js'
import { AzureStorage } from './azure-storage.js'
import { emptied } from './emptied.testsuite.js'
import { testLostAnswers } from './lost-answer.testsuite.js'
import { testStorage } from './storage.testsuite.js'

const PAGE_SIZE = 5_000

/** Known to everybody: azurite's documentation has them. */
const ACCOUNT = 'devstoreaccount1'
const ACCOUNT_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

await leg(
  'Azure Blob on Azure',
  () => new URL(cloudVariable('ALIEN_TEST_AZURE_CONTAINER')),
  (url) => {
    const options = { name: 'contract', accountUrl: url.origin, container: url.pathname.slice(1) }
    testStorage({ open: () => emptied(new AzureStorage(options)), signsUrls: true, pageSize: PAGE_SIZE })
  },
)

async function openOn(endpoint: string): Promise<AzureStorage> {
  const container = `container-${randomUUID()}`
  const accountUrl = `${endpoint}/${ACCOUNT}`
  await new ContainerClient(`${accountUrl}/${container}`, new StorageSharedKeyCredential(ACCOUNT, ACCOUNT_KEY)).create()
  return new AzureStorage({ name: 'contract', accountUrl, container, accountKey: ACCOUNT_KEY })
}

await leg('Azure Blob on azurite', startAzurite, (endpoint) => {
  testStorage({ open: () => openOn(endpoint), signsUrls: true, pageSize: PAGE_SIZE })
  testLostAnswers(endpoint, openOn)

  describe('keys that Azure would change', () => {
    test.each(['...', 'a./b', 'a/b.'])('%s is refused', async (key) => {
      const storage = await openOn(endpoint)
      await expect(storage.write(key, Buffer.from('x'), {})).rejects.toMatchObject({ code: 'invalid_key' })
    })
  })
})
