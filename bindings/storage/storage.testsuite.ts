/** What every storage backend must do, seen through `Storage` as handlers see it. */
import { ReadableStream } from 'node:stream/web'
import { describe, expect, test } from 'vitest'
import { RESULT_VALUE } from '../../protocol/result-value.js'
import type { StorageBackend } from './storage-backend.js'
import { BUFFERED_BYTES, Storage } from './storage.js'

export interface StorageUnderTest {
  /** A backend without objects. Called once per test; what it opens, it closes by `onTestFinished`. */
  readonly open: () => Promise<StorageBackend>
  /** Whether it signs URLs, which a plain `fetch` then reads. */
  readonly signsUrls?: boolean
  /** How many objects the backend lists in one page. */
  readonly pageSize?: number
  /** Why of writers that race two can pass the same precondition: a fault of this server. */
  readonly preconditionsRace?: string
}

export async function collectKeys(listing: AsyncIterable<{ readonly key: string }>): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of listing) keys.push(key)
  return keys
}

export function testStorage({ open, signsUrls = false, pageSize, preconditionsRace }: StorageUnderTest): void {
  const openStorage = async (): Promise<Storage> => {
    const backend = await open()
    return new Storage('contract', () => Promise.resolve(backend))
  }
  describe('reading and writing', () => testReadingAndWriting(openStorage))
  describe('missing objects', () => testMissingObjects(openStorage))
  describe('preconditions', () => testPreconditions(openStorage, preconditionsRace))
  describe('listing', () => testListing(openStorage))
  if (pageSize !== undefined) testPaging(openStorage, pageSize)
  if (signsUrls) testSignedUrls(openStorage)
}

type OpenStorage = () => Promise<Storage>

function testReadingAndWriting(openStorage: OpenStorage): void {
  const LARGE = BUFFERED_BYTES * 4 + 7
  const largeBytes = Buffer.alloc(LARGE, 'a large object ')

  test('text comes back with its metadata', async () => {
    const storage = await openStorage()
    const before = Date.now()
    const written = await storage.put('a/b.txt', 'grüße', { contentType: 'text/plain; charset=utf-8' })
    const object = await storage.get('a/b.txt')
    expect(await object.text()).toBe('grüße')
    expect(written).toEqual({
      key: 'a/b.txt',
      size: 7,
      contentType: 'text/plain; charset=utf-8',
      etag: expect.stringMatching(/./) as string,
    })
    const lastModified: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(JSON.parse(JSON.stringify(object))).toEqual({ ...written, lastModified })
    expect(await storage.head('a/b.txt')).toEqual({ ...written, lastModified: object.lastModified })
    // Clouds keep whole seconds, by their own clock.
    expect(Math.abs(Date.parse(object.lastModified) - before)).toBeLessThan(60_000)
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['bytes that are no text', Uint8Array.from([0, 255, 254, 10, 13, 0])],
    ['more than is buffered', largeBytes],
  ])('%s comes back, as often as it is read', async (_, bytes) => {
    const storage = await openStorage()
    await storage.put('object', bytes)
    const object = await storage.get('object')
    expect(object.size).toBe(bytes.byteLength)
    expect(Buffer.compare(await object.bytes(), bytes)).toBe(0)
    const chunks: Uint8Array[] = []
    for await (const chunk of object.stream()) chunks.push(chunk)
    expect(Buffer.compare(Buffer.concat(chunks), bytes)).toBe(0)
  })

  test.each<[string, () => AsyncGenerator<string>]>([
    ['that ends at once', async function* () {}],
    [
      'of empty chunks',
      async function* () {
        yield await Promise.resolve('')
        yield ''
      },
    ],
  ])('a stream %s is an object without content', async (_, stream) => {
    const storage = await openStorage()
    for (const options of [{}, { ifNotExists: true }]) {
      const written = await storage.put(`object-${Object.keys(options).length}`, stream(), options)
      expect(written).toMatchObject({ size: 0, etag: expect.stringMatching(/./) as string })
      expect(await storage.head(written.key)).toMatchObject(written)
      expect(await (await storage.get(written.key)).text()).toBe('')
    }
  })

  test('changing the bytes that were read does not change the object', async () => {
    const storage = await openStorage()
    await storage.put('object', 'abc')
    const object = await storage.get('object')
    for await (const chunk of object.stream()) chunk.fill(0)
    expect(await object.text()).toBe('abc')
  })

  test('a stream can be left early, and the storage goes on', async () => {
    const storage = await openStorage()
    await storage.put('object', largeBytes)
    for (let round = 0; round < 3; round++) {
      for await (const chunk of (await storage.get('object')).stream()) {
        expect(chunk.byteLength).toBeGreaterThan(0)
        break
      }
      expect(await storage.exists('object')).toBe(true)
    }
  })

  test('streams and async iterables of strings and bytes can be stored', async () => {
    const storage = await openStorage()
    await storage.put('stream', ReadableStream.from(['ab', Buffer.from('cd')]))
    await storage.put('iterable', ReadableStream.from([largeBytes, 'end']).values())
    expect(await (await storage.get('stream')).text()).toBe('abcd')
    expect((await storage.head('iterable'))?.size).toBe(LARGE + 3)
  })

  test('a source that fails leaves the old object, and its error reaches the caller', async () => {
    const storage = await openStorage()
    await storage.put('object', 'old')
    const old = await storage.head('object')
    const failure = Object.assign(new Error('source broke'), { code: 'ENOENT', syscall: 'open' })
    const failing = ReadableStream.from(
      (function* () {
        yield 'new'
        throw failure
      })(),
    )
    await expect(storage.put('object', failing)).rejects.toBe(failure)
    expect(await storage.head('object')).toEqual(old)
    expect(await collectKeys(storage.list())).toEqual(['object'])
  })

  test('JSON comes back as values', async () => {
    const storage = await openStorage()
    const written = await storage.putJson('value', { a: [1, null, 'ü'] })
    expect(written.contentType).toBe('application/json')
    expect(await (await storage.get('value')).json()).toEqual({ a: [1, null, 'ü'] })
  })

  test('a new version replaces content, content type and etag', async () => {
    const storage = await openStorage()
    const first = await storage.put('object', '{}', { contentType: 'application/json' })
    const second = await storage.put('object', 'ab')
    expect(second.etag).not.toBe(first.etag)
    expect(await storage.head('object')).toMatchObject(second)
    expect(await storage.head('object')).not.toHaveProperty('contentType')
  })

  test('a content type that says nothing is none', async () => {
    const storage = await openStorage()
    expect(await storage.put('object', 'text', { contentType: 'application/octet-stream' })).not.toHaveProperty(
      'contentType',
    )
    const object = await storage.get('object')
    expect(object).not.toHaveProperty('contentType')
    expect(await object[RESULT_VALUE](1000)).toBe('text')
  })

  test('copy takes content and content type along', async () => {
    const storage = await openStorage()
    await storage.put('from', largeBytes, { contentType: 'application/pdf' })
    await storage.put('to/there', 'old')
    const copied = await storage.copy('from', 'to/there')
    expect(copied).toMatchObject({ key: 'to/there', size: LARGE, contentType: 'application/pdf' })
    expect(Buffer.compare(await (await storage.get('to/there')).bytes(), largeBytes)).toBe(0)
    expect(await storage.exists('from')).toBe(true)
  })

  test('keys are told apart exactly', async () => {
    const storage = await openStorage()
    const keys = ['%2e%2e', ' a', 'a b', 'b+c', 'd?e=f#g', 'ä', '🚀', '...a', 'h:i', '~', '\'"<>|*']
    for (const key of keys) await storage.put(key, key)
    for (const key of keys) expect(await (await storage.get(key)).text()).toBe(key)
    expect((await collectKeys(storage.list())).sort()).toEqual([...keys].sort())
  })

  test('an object can be the result of a command', async () => {
    const storage = await openStorage()
    await storage.put('notes.md', '# hi')
    await storage.put('image', Uint8Array.from([0, 1, 2]))
    expect(await (await storage.get('notes.md'))[RESULT_VALUE](1000)).toBe('# hi')
    expect(await (await storage.get('image'))[RESULT_VALUE](1000)).toEqual({ $bytes: 'AAEC' })
  })
}

function testMissingObjects(openStorage: OpenStorage): void {
  test('get and copy throw, head and exists tell', async () => {
    const storage = await openStorage()
    const notFound = {
      name: 'BindingError',
      code: 'not_found',
      message: 'no object "a/b.txt" in storage "contract"',
    }
    await expect(storage.get('a/b.txt')).rejects.toMatchObject(notFound)
    await expect(storage.copy('a/b.txt', 'c')).rejects.toMatchObject(notFound)
    expect(await storage.head('a/b.txt')).toBeUndefined()
    expect(await storage.exists('a/b.txt')).toBe(false)
  })

  test('delete removes the object, and is no error the second time', async () => {
    const storage = await openStorage()
    await storage.put('a/b', 'x')
    await storage.delete('a/b')
    await storage.delete('a/b')
    expect(await storage.exists('a/b')).toBe(false)
    expect(await collectKeys(storage.list())).toEqual([])
  })

  test('the folder of an object is no object', async () => {
    const storage = await openStorage()
    await storage.put('a/b', 'x')
    expect(await storage.head('a')).toBeUndefined()
    await storage.delete('a')
    expect(await storage.exists('a/b')).toBe(true)
    expect(await storage.head('a/b/c')).toBeUndefined()
  })

  test('after its last object is deleted, a folder can become an object', async () => {
    const storage = await openStorage()
    await storage.put('a/b/c', 'x')
    await storage.delete('a/b/c')
    await storage.put('a', 'y')
    expect(await collectKeys(storage.list())).toEqual(['a'])
  })
}

function testPreconditions(openStorage: OpenStorage, preconditionsRace: string | undefined): void {
  const exists = { code: 'precondition_failed', message: 'object "object" in storage "contract" exists already' }

  test('ifNotExists writes once', async () => {
    const storage = await openStorage()
    const written = await storage.put('object', 'early', { ifNotExists: true })
    await expect(storage.put('object', 'late', { ifNotExists: true })).rejects.toMatchObject(exists)
    expect(await storage.head('object')).toMatchObject(written)
  })

  test.skipIf(preconditionsRace !== undefined)(
    'ifNotExists writes once, whoever else tries at the same time',
    async () => {
      const storage = await openStorage()
      const puts = Array.from({ length: 10 }, (_, n) => storage.put('object', `writer ${n}`, { ifNotExists: true }))
      const outcomes = await Promise.allSettled(puts)
      const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled')
      const losers = outcomes.filter((outcome) => outcome.status === 'rejected')
      expect(winners).toHaveLength(1)
      for (const { reason } of losers) expect(reason).toMatchObject(exists)
      expect(await storage.head('object')).toMatchObject(winners[0]?.value ?? {})
    },
  )

  test('ifMatch writes over that version only', async () => {
    const storage = await openStorage()
    const first = await storage.put('object', '1')
    const second = await storage.put('object', '2', { ifMatch: first.etag })
    await expect(storage.put('object', '3', { ifMatch: first.etag })).rejects.toMatchObject({
      code: 'precondition_failed',
      message: `object "object" in storage "contract" is not the version ${JSON.stringify(first.etag)}; get it again`,
    })
    expect(await storage.head('object')).toMatchObject(second)
    await storage.delete('object')
    await expect(storage.put('object', '3', { ifMatch: second.etag })).rejects.toMatchObject({
      code: 'precondition_failed',
    })
    expect(await storage.exists('object')).toBe(false)
  })

  test.skipIf(preconditionsRace !== undefined)('ifMatch makes a counter that loses nothing', async () => {
    const storage = await openStorage()
    await storage.put('counter', '10')
    await Promise.all(Array.from({ length: 5 }, () => increment(storage, 'counter', 4)))
    expect(await (await storage.get('counter')).text()).toBe('30')
  })

  test('an object that was replaced since get is not read as if it were the same', async () => {
    const storage = await openStorage()
    await storage.put('small', 'old')
    await storage.put('large', Buffer.alloc(BUFFERED_BYTES + 1))
    const [small, large] = [await storage.get('small'), await storage.get('large')]
    await storage.put('small', 'new')
    await storage.put('large', Buffer.alloc(BUFFERED_BYTES + 1, 'new'))
    expect(await small.text()).toBe('old')
    const read = await large.bytes().then(
      (bytes) => `read ${bytes.byteLength} bytes`,
      (error: unknown) => error,
    )
    expect(read).toMatchObject({
      code: 'precondition_failed',
      message: 'object "large" in storage "contract" was replaced or deleted since get; get it again',
    })
  })
}

/** Adds one to a stored number, `times` times, whoever else does so, too. */
async function increment(storage: Storage, key: string, times: number): Promise<void> {
  for (let done = 0; done < times;) {
    const object = await storage.get(key)
    const next = String(Number(await object.text()) + 1)
    try {
      await storage.put(key, next, { ifMatch: object.etag })
      done++
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'precondition_failed')) throw error
    }
  }
}

function testListing(openStorage: OpenStorage): void {
  test('is sorted by the bytes of the keys, and can be cut down by prefix', async () => {
    const storage = await openStorage()
    const sorted = ['a-b', 'a.txt', 'a/b/c', 'a/b0', 'a/c', 'a0', 'b', 'ä', 'ﬁ']
    for (const key of [...sorted].reverse()) await storage.put(key, 'x')
    const keysOf = (prefix: string): Promise<string[]> => collectKeys(storage.list({ prefix }))
    expect(await collectKeys(storage.list())).toEqual(sorted)
    expect(await keysOf('')).toEqual(sorted)
    expect(await keysOf('a')).toEqual(sorted.slice(0, 6))
    expect(await keysOf('a/')).toEqual(['a/b/c', 'a/b0', 'a/c'])
    expect(await keysOf('a/b')).toEqual(['a/b/c', 'a/b0'])
    expect(await keysOf('a/b/')).toEqual(['a/b/c'])
    expect(await keysOf('nothing/')).toEqual([])
  })

  test('shows the metadata without the content type', async () => {
    const storage = await openStorage()
    await storage.put('a/b', 'x', { contentType: 'text/plain' })
    const { contentType, ...rest } = (await storage.head('a/b')) ?? {}
    expect(contentType).toBe('text/plain')
    const listed = []
    for await (const metadata of storage.list()) listed.push(metadata)
    expect(listed).toEqual([rest])
  })

  test('can be left early', async () => {
    const storage = await openStorage()
    await storage.put('a', 'x')
    await storage.put('b', 'x')
    for await (const { key } of storage.list()) {
      expect(key).toBe('a')
      break
    }
  })
}

function testPaging(openStorage: OpenStorage, pageSize: number): void {
  test('a list goes on over its pages', async () => {
    const storage = await openStorage()
    const keys = Array.from({ length: pageSize + 5 }, (_, n) => `page/${String(n).padStart(5, '0')}`)
    for (let first = 0; first < keys.length; first += 32) {
      await Promise.all(keys.slice(first, first + 32).map((key) => storage.put(key, 'x')))
    }
    expect(await collectKeys(storage.list({ prefix: 'page/' }))).toEqual(keys)
  })
}

function testSignedUrls(openStorage: OpenStorage): void {
  test('a signed URL reads the object without credentials', async () => {
    const storage = await openStorage()
    await storage.put('a b/ü.txt', 'signed', { contentType: 'text/plain' })
    const response = await fetch(await storage.signedUrl('a b/ü.txt', { expiresInMs: 60_000 }))
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('signed')
  })
}
