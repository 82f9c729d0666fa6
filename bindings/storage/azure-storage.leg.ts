/**
 * Azure Blob Storage on azurite; on Azure itself with `ALIEN_TEST_AZURE_CONTAINER`, the URL of an empty container of
 * one's own.
 */
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { cloudVariable, leg } from '../../tests/cloud/leg.js'
import { startAzurite } from '../../tests/cloud/servers.js'
import { AzureStorage } from './azure-storage.js'
import { emptied } from './emptied.testsuite.js'
import { testLostAnswers } from './lost-answer.testsuite.js'
import { meddlingProxy } from './meddling-proxy.testsuite.js'
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

async function openOn(endpoint: string, container = `container-${randomUUID()}`): Promise<AzureStorage> {
  const accountUrl = `${endpoint}/${ACCOUNT}`
  await new ContainerClient(`${accountUrl}/${container}`, new StorageSharedKeyCredential(ACCOUNT, ACCOUNT_KEY)).create()
  return new AzureStorage({ name: 'contract', accountUrl, container, accountKey: ACCOUNT_KEY })
}

await leg('Azure Blob on azurite', startAzurite, (endpoint) => {
  testStorage({ open: () => openOn(endpoint), signsUrls: true, pageSize: PAGE_SIZE })
  testLostAnswers(endpoint, openOn)

  test.each<[string, (store: AzureStorage) => Promise<unknown>, unknown]>([
    ['replaced', (store) => store.write('from', Buffer.from('newer'), {}), { size: 5 }],
    ['deleted', (store) => store.delete('from'), 'missing'],
  ])('a source that is %s while it is copied', async (_, meddle, copied) => {
    const container = `container-${randomUUID()}`
    const others = await openOn(endpoint, container)
    let isOver = false
    const before = async ({ headers }: IncomingMessage): Promise<undefined> => {
      if (isOver || !('x-ms-copy-source' in headers)) return
      isOver = true
      await meddle(others)
    }
    const proxy = await meddlingProxy(endpoint, { before })
    const accountUrl = `${proxy}/${ACCOUNT}`
    const store = new AzureStorage({ name: 'contract', accountUrl, container, accountKey: ACCOUNT_KEY })
    await store.write('from', Buffer.from('old'), {})
    const answer = await store.copy('from', 'to')
    expect(isOver).toBe(true)
    if (typeof copied === 'string') expect(answer).toBe(copied)
    else expect(answer).toMatchObject(copied as object)
  })

  describe('a stream that another put overtakes', () => {
    /** Gives its first block, lets another put come to its end, and goes on. */
    const overtaken = (store: AzureStorage) =>
      async function* (): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(9 * 1024 * 1024)
        await store.write('a', other(), {})
        yield Buffer.from('end')
      }
    const other = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.alloc(9 * 1024 * 1024, 1))
    }

    test('is refused when there was to be none', async () => {
      const store = await openOn(endpoint)
      expect(await store.write('a', overtaken(store)(), { ifNotExists: true })).toBe('precondition_failed')
    })

    test('is to be put again when there was no condition', async () => {
      const store = await openOn(endpoint)
      await expect(store.write('a', overtaken(store)(), {})).rejects.toMatchObject({
        code: 'unavailable',
        message: 'object "a" in storage "contract": another put of it came to its end meanwhile; try again',
      })
    })
  })

  describe('keys that Azure would change', () => {
    test.each(['...', 'a./b', 'a/b.'])('%s is refused', async (key) => {
      const storage = await openOn(endpoint)
      await expect(storage.write(key, Buffer.from('x'), {})).rejects.toMatchObject({ code: 'invalid_key' })
    })
  })
})
