/** GCS on fake-gcs-server; on Google's own with `ALIEN_TEST_GCS_BUCKET`, an empty bucket of one's own. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { cloudVariable, leg } from '../../tests/cloud/leg.js'
import { startFakeGcs } from '../../tests/cloud/servers.js'
import { emptied } from './emptied.testsuite.js'
import { GcsStorage } from './gcs-storage.js'
import { testStorage } from './storage.testsuite.js'

const PAGE_SIZE = 1_000

await leg(
  'GCS on Google',
  () => cloudVariable('ALIEN_TEST_GCS_BUCKET'),
  (bucket) => {
    testStorage({
      open: () => emptied(new GcsStorage({ name: 'contract', bucket })),
      signsUrls: true,
      pageSize: PAGE_SIZE,
    })
  },
)

/** A service account that nobody knows, but whose key signs URLs. */
async function useServiceAccount(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-gcs-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const account = {
    type: 'service_account',
    project_id: 'project',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: 'tests@project.iam.gserviceaccount.com',
  }
  const file = join(folder, 'account.json')
  await writeFile(file, JSON.stringify(account))
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file
}

async function openOn(endpoint: string): Promise<GcsStorage> {
  const bucket = `bucket-${randomUUID()}`
  const headers = { 'content-type': 'application/json' }
  await fetch(`${endpoint}/storage/v1/b?project=project`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name: bucket }),
  })
  return new GcsStorage({ name: 'contract', bucket, projectId: 'project', endpoint })
}

await leg(
  'GCS on fake-gcs-server',
  async () => {
    await useServiceAccount()
    return startFakeGcs()
  },
  (endpoint) => {
    testStorage({ open: () => openOn(endpoint), signsUrls: true, pageSize: PAGE_SIZE })
  },
)
