/** What a conditional put comes to when its answer is lost, and the SDK asks again by itself. */
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { meddlingProxy } from './meddling-proxy.testsuite.js'
import type { StorageBackend } from './storage-backend.js'
import { Storage } from './storage.js'

/** @param open A backend at this address, as in `StorageUnderTest`. */
export function testLostAnswers(endpoint: string, open: (endpoint: string) => Promise<StorageBackend>): void {
  test('a conditional put whose answer is lost is not refused because of itself', async () => {
    let toLose = 0
    const loses = ({ method, url = '' }: IncomingMessage): boolean =>
      method !== 'GET' && url.includes('lease') && toLose-- > 0
    const backend = await open(await meddlingProxy(endpoint, { loses }))
    const storage = new Storage('contract', () => Promise.resolve(backend))
    toLose = 1
    const first = await storage.put('lease', 'mine', { ifNotExists: true, contentType: 'text/plain' })
    expect(toLose).toBeLessThan(1)
    expect(await storage.head('lease')).toMatchObject(first)
    toLose = 1
    const second = await storage.put('lease', 'mine again', { ifMatch: first.etag })
    expect(toLose).toBeLessThan(1)
    expect(await storage.head('lease')).toMatchObject(second)
    toLose = 0
    for (const stale of [{ ifNotExists: true }, { ifMatch: first.etag }]) {
      await expect(storage.put('lease', 'theirs', stale)).rejects.toMatchObject({ code: 'precondition_failed' })
    }
    expect(await (await storage.get('lease')).text()).toBe('mine again')
  })
}
