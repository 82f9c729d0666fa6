/** A vault with its key in the keyring of this machine, where there is one. */
import { AsyncEntry } from '@napi-rs/keyring'
import { randomUUID } from 'node:crypto'
import { afterAll } from 'vitest'
import { leg } from '../../tests/cloud/leg.js'
import { SkippedLeg } from '../../tests/cloud/tools.js'
import { scratchDirectory } from '../scratch.testsuite.js'
import { LocalVault } from './local-vault.js'
import { OsKeyring } from './os-keyring.js'
import { testVault } from './vault.testsuite.js'

const account = `test-${randomUUID()}`

async function usableKeyring(): Promise<AsyncEntry> {
  const entry = new AsyncEntry('alien vault', account)
  try {
    await entry.setPassword('test')
    await entry.deletePassword()
  } catch {
    throw new SkippedLeg('needs a keyring that this user may write to')
  }
  return entry
}

await leg('local vault with the keyring of this machine', usableKeyring, (entry) => {
  afterAll(() => entry.deletePassword())
  testVault({
    open: async () =>
      new LocalVault({ name: 'contract', path: `${await scratchDirectory()}/vault.json`, key: new OsKeyring(account) }),
  })
})
