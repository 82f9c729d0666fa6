import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** Makes a service account of Google's the one of this process: nobody knows it, but its key signs. */
export async function useServiceAccount(): Promise<void> {
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
