/** GCS on fake-gcs-server; on Google's own with `ALIEN_TEST_GCS_BUCKET`, an empty bucket of one's own. */
import { randomUUID } from 'node:crypto'
import { cloudVariable, leg } from '../../tests/cloud/leg.js'
import { startFakeGcs } from '../../tests/cloud/servers.js'
import { useServiceAccount } from '../../tests/cloud/service-account.js'
import { emptied } from './emptied.testsuite.js'
import { GcsStorage } from './gcs-storage.js'
import { testLostAnswers } from './lost-answer.testsuite.js'
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
    testLostAnswers(endpoint, openOn)
  },
)
