/** S3 on moto and on versitygw; on Amazon's own with `ALIEN_TEST_S3_BUCKET`, an empty bucket of one's own. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { cloudVariable, leg } from '../../tests/cloud/leg.js'
import { startMoto, startVersitygw } from '../../tests/cloud/servers.js'
import { S3Storage } from './s3-storage.js'
import { emptied } from './emptied.testsuite.js'
import { streamThrough } from './large-object.testsuite.js'
import { Storage } from './storage.js'
import { testStorage } from './storage.testsuite.js'

const PAGE_SIZE = 1_000

function useTestCredentials(): { accessKeyId: string; secretAccessKey: string } {
  const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing-secret' }
  process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId
  process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey
  return credentials
}

async function openOn(endpoint: string): Promise<S3Storage> {
  const bucket = `bucket-${randomUUID()}`
  const settings = { endpoint, region: 'us-east-1', forcePathStyle: true }
  await new S3Client(settings).send(new CreateBucketCommand({ Bucket: bucket }))
  return new S3Storage({ name: 'contract', bucket, ...settings })
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
    testStorage({
      open: () => openOn(endpoint),
      signsUrls: true,
      pageSize: PAGE_SIZE,
      preconditionsRace: 'its posix backend looks at what is there, and only later puts the file in its place',
    })
  },
)
