import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchDirectory } from '../scratch.testsuite.js'
import { KeyFile } from './local-vault-key.js'
import { LocalVault } from './local-vault.js'
import { OsKeyring } from './os-keyring.js'
import { testVault } from './vault.testsuite.js'
import { Vault } from './vault.js'

/** Stands for the machine's: entries with a password or none. What it does not model: being locked, asking its user. */
class Keyring {
  readonly entries = new Map<string, string>()

  readonly key = (account: string): OsKeyring =>
    new OsKeyring(account, (_where, name) =>
      Promise.resolve({
        getPassword: () => Promise.resolve(this.entries.get(name) ?? null),
        setPassword: (password) => Promise.resolve(void this.entries.set(name, password)),
      }),
    )
}

const vaultAt = (path: string, key: OsKeyring): Vault =>
  new Vault('credentials', () => Promise.resolve(new LocalVault({ name: 'credentials', path, key })))

const newPath = async (): Promise<string> => join(await scratchDirectory(), 'vault.json')

describe('contract, with a key of a keyring', () => {
  testVault({
    open: async () => new LocalVault({ name: 'contract', path: await newPath(), key: new Keyring().key('contract') }),
  })
})

test('the key is made once, and kept', async () => {
  const keyring = new Keyring()
  const [first, second] = [await newPath(), await newPath()]
  await vaultAt(first, keyring.key('acme')).set('a', '1')
  await vaultAt(second, keyring.key('acme')).set('b', '2')
  expect([...keyring.entries.keys()]).toEqual(['acme'])
  expect(await vaultAt(first, keyring.key('acme')).get('a')).toBe('1')
})

test.each([
  [undefined, 'is missing, and without it nothing can be read; restore it'],
  ['c2hvcnQ=', 'must hold 32 bytes as base64'],
])('an entry of %j opens nothing', async (entry, problem) => {
  const keyring = new Keyring()
  const path = await newPath()
  await vaultAt(path, keyring.key('acme')).set('a', '1')
  if (entry === undefined) keyring.entries.clear()
  else keyring.entries.set('acme', entry)
  await expect(vaultAt(path, keyring.key('acme')).get('a')).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: `vault "credentials": the entry "acme" of the keyring ${problem}`,
  })
})

test('a vault with another kind of key is told', async () => {
  const path = await newPath()
  const backend = new LocalVault({ name: 'credentials', path, key: new KeyFile(`${path}.key`) })
  await backend.set('a', '1')
  await expect(vaultAt(path, new Keyring().key('acme')).get('a')).rejects.toThrow(
    'vault "credentials" is encrypted with a key file; name it as "keyFile"',
  )
  const other = await newPath()
  const keyring = new Keyring()
  await vaultAt(other, keyring.key('acme')).set('a', '1')
  const withFile = new LocalVault({ name: 'credentials', path: other, key: new KeyFile(`${path}.key`) })
  await expect(withFile.get('a')).rejects.toThrow(
    'vault "credentials" is encrypted with a key of the keyring; name its entry as "keyring"',
  )
})

test('a keyring that refuses is told, without its own words', async () => {
  const key = new OsKeyring('acme', () => Promise.reject(new Error('locked by somebody')))
  await expect(vaultAt(await newPath(), key).set('a', '1')).rejects.toMatchObject({
    code: 'access_denied',
    message:
      'vault "credentials": the keyring of this machine cannot be used; unlock it, or give a keyFile or a passphraseVariable',
  })
})
