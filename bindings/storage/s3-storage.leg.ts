/** S3 on moto and on versitygw; on Amazon's own with `ALIEN_TEST_S3_BUCKET`, an empty bucket of one's own. */
import * as s3 from '@aws-sdk/client-s3'
import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { cloudVariable, leg } from '../../tests/cloud/leg.js'
import { startMoto, startVersitygw } from '../../tests/cloud/servers.js'
import { S3Storage } from './s3-storage.js'
import { emptied } from './emptied.testsuite.js'
import { streamThrough } from './large-object.testsuite.js'
import { testLostAnswers } from './lost-answer.testsuite.js'
import { meddlingProxy } from './meddling-proxy.testsuite.js'
import { copyObject } from './s3-copy.js'
import { Storage } from './storage.js'
import { testStorage } from './storage.testsuite.js'

const PAGE_SIZE = 1_000

function useTestCredentials(): { accessKeyId: string; secretAccessKey: string } {
  const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing-secret' }
  process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId
  process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey
  return credentials
}

const settingsOf = (endpoint: string) => ({ endpoint, region: 'us-east-1', forcePathStyle: true })

async function openOn(endpoint: string, bucket = `bucket-${randomUUID()}`): Promise<S3Storage> {
  const settings = settingsOf(endpoint)
  await new s3.S3Client(settings).send(new s3.CreateBucketCommand({ Bucket: bucket }))
  return new S3Storage({ name: 'contract', bucket, ...settings })
}

/** Of a put that failed after parts of it were there. */
function testPartsOfFailedPuts(endpoint: string): void {
  const broken = new Error('the tape ended')
  const breaking = async function* (): AsyncGenerator<Uint8Array> {
    for (let part = 0; part < 3; part += 1) yield await Promise.resolve(Buffer.alloc(9 * 1024 ** 2))
    throw broken
  }

  test.each([{}, { ifNotExists: true }])(
    'a put of a stream that breaks leaves no parts behind: %j',
    async (options) => {
      const bucket = `bucket-${randomUUID()}`
      const store = await openOn(endpoint, bucket)
      const uploads = new Set<string>()
      const proxy = await meddlingProxy(endpoint, {
        before: ({ url = '' }) => {
          const id = /uploadId=([^&]+)/.exec(url)?.[1]
          if (id !== undefined) uploads.add(id)
          return Promise.resolve(undefined)
        },
      })
      await expect(
        new S3Storage({ name: 'contract', bucket, ...settingsOf(proxy) }).write('a', breaking(), options),
      ).rejects.toBe(broken)
      // There was something to leave.
      expect(uploads.size).toBe(1)
      const client = new s3.S3Client(settingsOf(endpoint))
      const { Uploads = [] } = await client.send(new s3.ListMultipartUploadsCommand({ Bucket: bucket }))
      expect(Uploads).toEqual([])
      expect(await store.head('a')).toBeUndefined()
    },
  )
}

await leg(
  'S3 on Amazon',
  () => cloudVariable('ALIEN_TEST_S3_BUCKET'),
  (bucket) => {
    testStorage({
      open: () => emptied(new S3Storage({ name: 'contract', bucket })),
      signsUrls: true,
      pageSize: PAGE_SIZE,
    })
  },
)

const credentials = useTestCredentials()

await leg('S3 on moto', startMoto, (endpoint) => {
  testStorage({ open: () => openOn(endpoint), signsUrls: true, pageSize: PAGE_SIZE })
  testLostAnswers(endpoint, openOn)
  testPartsOfFailedPuts(endpoint)

  test.each<[string, (store: S3Storage) => Promise<unknown>, unknown]>([
    ['replaced', (store) => store.write('from', Buffer.from('newer'), {}), { size: 5 }],
    ['deleted', (store) => store.delete('from'), 'missing'],
  ])('a source that is %s while it is copied', async (_, meddle, copied) => {
    const bucket = `bucket-${randomUUID()}`
    const others = await openOn(endpoint, bucket)
    let isOver = false
    const before = async ({ headers }: IncomingMessage): Promise<number | undefined> => {
      if (isOver || !('x-amz-copy-source' in headers)) return undefined
      isOver = true
      await meddle(others)
      // As Amazon does; moto does not look at the version that is to be copied.
      return (await others.head('from')) === undefined ? undefined : 412
    }
    const proxy = await meddlingProxy(endpoint, { before })
    const store = new S3Storage({ name: 'contract', bucket, ...settingsOf(proxy) })
    await store.write('from', Buffer.from('old'), {})
    const answer = await store.copy('from', 'to')
    if (typeof copied === 'string') expect(answer).toBe(copied)
    else expect(answer).toMatchObject(copied as object)
  })

  test('what is too large to be copied at once is copied in parts', async () => {
    const bucket = `bucket-${randomUUID()}`
    const store = await openOn(endpoint, bucket)
    // 5 MB is the least of a part.
    const partBytes = 5 * 1024 ** 2
    const bytes = randomBytes(2 * partBytes + 7)
    const source = await store.write('from', bytes, { contentType: 'application/pdf' })
    if (source === 'precondition_failed') throw new Error('a write without a precondition cannot fail it')
    const copy = { ...source, bucket, from: 'from', to: 'to' }
    const client = new s3.S3Client(settingsOf(endpoint))
    const etag = await copyObject({ s3, client }, copy, { atOnceBytes: partBytes, partBytes })
    expect(etag).toMatch(/-3"$/)
    expect(await store.head('to')).toMatchObject({ size: bytes.length, contentType: 'application/pdf', etag })
    const copied = await new Storage('contract', () => Promise.resolve(store)).get('to')
    expect(Buffer.compare(await copied.bytes(), bytes)).toBe(0)
  })
})

await leg(
  'S3 on versitygw',
  () => startVersitygw(credentials),
  (endpoint) => {
    test('1 GB goes through in a stream, and memory does not hold it', async () => {
      const backend = await openOn(endpoint)
      const figures = await streamThrough(new Storage('large', () => Promise.resolve(backend)), 1024 ** 3)
      process.stderr.write(`1 GB through S3: memory grew by ${figures.greatestGrowthMb} MB\n`)
      expect(figures.isEqual).toBe(true)
      expect(figures.greatestGrowthMb).toBeLessThan(100)
    })
    testPartsOfFailedPuts(endpoint)
    testStorage({
      open: () => openOn(endpoint),
      signsUrls: true,
      pageSize: PAGE_SIZE,
      preconditionsRace: 'its posix backend looks at what is there, and only later puts the file in its place',
    })
  },
)
