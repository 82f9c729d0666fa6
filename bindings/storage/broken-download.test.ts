/** Downloads whose connection ends in the middle: what was read is never taken for all of it. */
import { createServer, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { servedInTest } from '../../tests/support/served-in-test.js'
import { AzureStorage } from './azure-storage.js'
import { GcsStorage } from './gcs-storage.js'
import { chunksOf, STALLED_MS } from './object-stream.js'
import { S3Storage } from './s3-storage.js'
import type { StorageBackend } from './storage-backend.js'
import { BUFFERED_BYTES, Storage } from './storage.js'

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'testing')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'testing-secret')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

const MODIFIED = 'Mon, 02 Nov 2026 10:00:00 GMT'

interface Cloud {
  readonly service: string
  readonly open: (endpoint: string) => StorageBackend
  /** What its SDK says of a connection that ended too early; `undefined` when it does not notice. */
  readonly notices: string | undefined
  /** Of an answer with an object of so many bytes. */
  readonly headers: (size: number) => Record<string, string>
}

const described = (size: number): Record<string, string> => ({
  'content-length': String(size),
  'content-type': 'text/plain',
  'last-modified': MODIFIED,
  etag: '"etag"',
})

const CLOUDS: readonly Cloud[] = [
  {
    service: 'S3',
    open: (endpoint) =>
      new S3Storage({ name: 'ws', bucket: 'acme', region: 'us-east-1', endpoint, forcePathStyle: true }),
    notices: 'ECONNRESET',
    headers: described,
  },
  {
    service: 'Cloud Storage',
    open: (endpoint) => new GcsStorage({ name: 'ws', bucket: 'acme', projectId: 'project', endpoint }),
    notices: undefined,
    headers: (size) => ({ ...described(size), 'x-goog-generation': '7', 'x-goog-stored-content-length': String(size) }),
  },
  {
    service: 'Azure Blob Storage',
    open: (endpoint) =>
      new AzureStorage({ name: 'ws', accountUrl: `${endpoint}/acme`, container: 'c', accountKey: 'a2V5' }),
    notices: 'AbortError',
    headers: (size) => ({ ...described(size), 'x-ms-blob-type': 'BlockBlob', 'x-ms-request-id': 'r' }),
  },
]

const broken = (service: string, reason: string) => ({
  code: 'unavailable',
  message: `object "a" in storage "ws": ${service} failed (${reason}); try again`,
})

/** Reads an object of which a server sends the first half, and then does what `then` says. */
async function readHalf({ open, headers }: Cloud, size: number, then: (answer: ServerResponse) => void) {
  const server = createServer((asked, answer) => {
    asked.resume()
    const { pathname, searchParams } = new URL(asked.url ?? '', 'http://gcs')
    if (pathname.startsWith('/storage/v1/') && searchParams.get('alt') !== 'media') {
      const metadata = {
        size: String(size),
        contentType: 'text/plain',
        generation: '7',
        updated: '2026-11-02T10:00:00Z',
      }
      answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata))
      return
    }
    answer.writeHead(200, headers(size))
    answer.write(Buffer.alloc(size / 2, 'x'), () => then(answer))
  })
  const backend = open(await servedInTest(server))
  return (await new Storage('ws', () => Promise.resolve(backend)).get('a')).text()
}

const SIZES: readonly (readonly [string, number])[] = [
  ['small', 1_000],
  ['large', BUFFERED_BYTES * 4],
]

describe.each(CLOUDS.filter(({ notices }) => notices !== undefined))('from $service', (cloud) => {
  test.each(SIZES)('a %s object whose connection is cut', async (_, size) => {
    const read = readHalf(cloud, size, (answer) => answer.destroy())
    await expect(read).rejects.toMatchObject(broken(cloud.service, cloud.notices ?? ''))
  })

  test.each(SIZES)('a %s object whose connection is closed as if all were well', async (_, size) => {
    const read = readHalf(cloud, size, (answer) => answer.socket?.end())
    await expect(read).rejects.toMatchObject(broken(cloud.service, cloud.notices ?? ''))
  })
})

describe.each(CLOUDS)('from $service, when nobody says that it is over,', (cloud) => {
  test.each(SIZES)('a %s object is waited for a while', async (_, size) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const state = { isSent: false, isOver: false }
    const read = readHalf(cloud, size, (answer) => {
      if (cloud.notices === undefined) answer.destroy()
      state.isSent = true
    })
    const refused = expect(read)
      .rejects.toMatchObject(broken(cloud.service, 'ETIMEDOUT'))
      .finally(() => (state.isOver = true))
    while (!state.isSent) await setImmediate()
    let waitedMs = 0
    for (; !state.isOver; waitedMs += 100) await vi.advanceTimersByTimeAsync(100)
    await refused
    expect(waitedMs).toBeGreaterThanOrEqual(STALLED_MS)
  })
})

test('metadata that Cloud Storage does not tell to the end is waited for a while', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  let asked = 0
  const server = createServer((_, answer) => {
    asked += 1
    answer.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
    answer.write('{"size":', () => answer.destroy())
  })
  const backend = new GcsStorage({
    name: 'ws',
    bucket: 'acme',
    projectId: 'project',
    endpoint: await servedInTest(server),
  })
  const state = { isOver: false }
  const refused = expect(backend.head('a'))
    .rejects.toMatchObject(broken('Cloud Storage', 'FetchError'))
    .finally(() => (state.isOver = true))
  while (!state.isOver) {
    await setImmediate()
    await vi.advanceTimersByTimeAsync(1_000)
  }
  await refused
  expect(asked).toBe(4)
})

test('a reader may take its time between two chunks, and leave early', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const stream = Readable.from([Buffer.from('one'), Buffer.from('two'), Buffer.from('three')])
  const read: string[] = []
  for await (const chunk of chunksOf(stream)) {
    read.push(chunk.toString())
    if (read.length === 2) break
    await vi.advanceTimersByTimeAsync(2 * STALLED_MS)
  }
  expect(read).toEqual(['one', 'two'])
  expect(stream.destroyed).toBe(true)
})
