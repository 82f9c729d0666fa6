import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../protocol/json.js'
import { scratchDirectory } from '../scratch.testsuite.js'
import { LocalStorage } from './local-storage.js'
import { MemoryStorage } from './memory-storage.js'
import { Storage, type PutOptions } from './storage.js'
import { collectKeys } from './storage.testsuite.js'

/** Validation must come before the backend is touched. */
const untouched = new Storage('workspace', () => Promise.reject(new Error('the backend was asked')))

test('a list leaves out keys that no other call takes', async () => {
  const backend = new MemoryStorage({ name: 'workspace' })
  // As other programs write them.
  for (const key of ['a//b', 'a/b', 'a/../b', 'a\\b']) await backend.write(key, Buffer.from('x'), {})
  expect(await collectKeys(new Storage('workspace', () => Promise.resolve(backend)).list())).toEqual(['a/b'])
})

test('a URL is signed for whole seconds, and one at least', async () => {
  const asked: number[] = []
  class Signing extends MemoryStorage {
    override signedUrl(_key: string, expiresInMs?: number): Promise<string> {
      asked.push(expiresInMs ?? 0)
      return super.signedUrl('a')
    }
  }
  const storage = new Storage('workspace', () => Promise.resolve(new Signing({ name: 'workspace' })))
  for (const expiresInMs of [1, 1000, 1001]) await storage.signedUrl('a', { expiresInMs }).catch(() => undefined)
  expect(asked).toEqual([1000, 1000, 2000])
})

describe('arguments are checked before the backend is asked', () => {
  const message = 'key "../a" in storage "workspace" is not allowed: no segment may be ".."'

  test.each<[string, () => Promise<unknown>]>([
    ['get', () => untouched.get('../a')],
    ['put', () => untouched.put('../a', 'x')],
    ['putJson', () => untouched.putJson('../a', 1)],
    ['delete', () => untouched.delete('../a')],
    ['head', () => untouched.head('../a')],
    ['exists', () => untouched.exists('../a')],
    ['copy from', () => untouched.copy('../a', 'b')],
    ['copy to', () => untouched.copy('b', '../a')],
    ['signedUrl', () => untouched.signedUrl('../a', { expiresInMs: 1 })],
  ])('%s: key', async (_, run) => {
    await expect(run()).rejects.toMatchObject({ code: 'invalid_key', message })
  })

  test('list: prefix', async () => {
    await expect(untouched.list({ prefix: '../' }).next()).rejects.toMatchObject({ code: 'invalid_key' })
  })

  test('put: content, as a caller may have left it out', async () => {
    await expect(untouched.put('a', undefined as unknown as string)).rejects.toMatchObject({
      code: 'invalid_value',
      message:
        'object "a" in storage "workspace": content must be a string, bytes or a stream of them, got undefined; use putJson for other values',
    })
  })

  test('putJson: value', async () => {
    await expect(untouched.putJson('a', undefined as unknown as string)).rejects.toMatchObject({
      code: 'invalid_value',
      message: 'object "a" in storage "workspace": JSON cannot carry undefined',
    })
  })

  test.each(['text', 'text/', '/plain', 'text/plain\r\nx: y', 'text/ü', 'text/plain; ü', 'a/' + 'b'.repeat(128)])(
    'put: content type %j',
    async (contentType) => {
      const shown = contentType.length > 120 ? `${contentType.slice(0, 120)}…` : contentType
      await expect(untouched.put('a', 'x', { contentType })).rejects.toMatchObject({
        code: 'invalid_value',
        message: `object "a" in storage "workspace": contentType ${JSON.stringify(shown)} is not a media type such as "text/plain"`,
      })
    },
  )

  test('put: both preconditions', async () => {
    await expect(untouched.put('a', 'x', { ifNotExists: true, ifMatch: 'e' })).rejects.toMatchObject({
      code: 'invalid_value',
      message: 'object "a" in storage "workspace": ifNotExists and ifMatch exclude each other; give one',
    })
  })

  test.each<[unknown, string]>([
    [null, 'options must be an object, got null'],
    [{ ifNoneMatch: '*' }, 'unknown option "ifNoneMatch"; there are "contentType", "ifNotExists", "ifMatch"'],
    [{ ifNotExists: 'true' }, 'ifNotExists must be true or false, got "true"'],
    [
      { ifMatch: undefined },
      'ifMatch must be the etag of an object, got undefined; leave it out to overwrite any version',
    ],
    [{ ifMatch: '' }, 'ifMatch must be the etag of an object, got ""; leave it out to overwrite any version'],
    [{ contentType: 5 }, 'contentType 5 is not a media type such as "text/plain"'],
  ])('put: options %j', async (options, problem) => {
    await expect(untouched.put('a', 'x', options as PutOptions)).rejects.toMatchObject({
      code: 'invalid_value',
      message: `object "a" in storage "workspace": ${problem}`,
    })
  })

  test('putJson: what JSON cannot carry', async () => {
    const cycle: Record<string, JsonValue> = {}
    cycle['self'] = cycle
    for (const [value, why] of [
      [cycle, 'Converting circular structure to JSON'],
      [1n as unknown as JsonValue, 'Do not know how to serialize a BigInt'],
    ] as const) {
      await expect(untouched.putJson('a', value)).rejects.toMatchObject({
        code: 'invalid_value',
        message: `object "a" in storage "workspace": JSON cannot carry the value: ${why}`,
      })
    }
  })

  test.each([0, -1, 1.5, NaN, Infinity, 604_800_001])('signedUrl: expiresInMs %d', async (expiresInMs) => {
    await expect(untouched.signedUrl('a', { expiresInMs })).rejects.toMatchObject({
      code: 'invalid_value',
      message: `object "a" in storage "workspace": expiresInMs must be a whole number from 1 to 604800000, got ${expiresInMs}`,
    })
  })
})

test.each(['text/plain', 'text/plain; charset=utf-8', 'application/vnd.api+json', 'a/' + 'b'.repeat(127)])(
  'content type %j is kept',
  async (contentType) => {
    const path = await scratchDirectory()
    const storage = new Storage('w', () => Promise.resolve(new LocalStorage({ name: 'w', path })))
    expect(await storage.put('a', 'x', { contentType })).toMatchObject({ contentType })
    expect(await storage.putJson('b', 'x', { contentType })).toMatchObject({ contentType })
  },
)
