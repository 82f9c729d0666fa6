import { expect, test } from 'vitest'
import { BindingError } from './binding-error.js'
import { probeStorage, probeVault } from './probe-binding.js'
import { MemoryStorage } from './storage/memory-storage.js'
import { Storage } from './storage/storage.js'
import { collectKeys } from './storage/storage.testsuite.js'
import { EnvironmentVault } from './vault/environment-vault.js'
import { MemoryVault } from './vault/memory-vault.js'
import { Vault } from './vault/vault.js'

/** A storage of which an operator did not allow everything. */
class DenyingStorage extends MemoryStorage {
  override write(): Promise<never> {
    return Promise.reject(new BindingError('access_denied', 'may not write'))
  }

  override delete(): Promise<never> {
    return Promise.reject(new BindingError('access_denied', 'may not delete'))
  }
}

test('a storage that works leaves nothing behind', async () => {
  const backend = new MemoryStorage({ name: 's' })
  const storage = new Storage('s', () => Promise.resolve(backend))
  expect(await probeStorage(storage)).toEqual([])
  expect(await collectKeys(storage.list())).toEqual([])
})

test('every step that fails is told', async () => {
  const backend = new DenyingStorage({ name: 's' })
  expect(await probeStorage(new Storage('s', () => Promise.resolve(backend)))).toEqual([
    'may not write',
    'may not delete',
  ])
})

test('a vault is proved to be readable by a secret that is there', async () => {
  class ListingOnly extends MemoryVault {
    override get(key: string): Promise<string | undefined> {
      if (key === 'warehouse') return Promise.reject(new BindingError('access_denied', 'may not read'))
      return super.get(key)
    }
  }
  const memory = new ListingOnly()
  const vault = new Vault('v', () => Promise.resolve(memory))
  expect(await probeVault(vault, false)).toEqual([])
  await vault.set('warehouse', 'hunter2')
  expect(await probeVault(vault, false)).toEqual(['may not read'])
})

test('a vault is only read, unless more is asked for', async () => {
  const memory = new MemoryVault()
  const vault = new Vault('v', () => Promise.resolve(memory))
  expect(await probeVault(vault, true)).toEqual([])
  expect(await vault.list()).toEqual([])
  const readOnly = new Vault('v', () =>
    Promise.resolve(new EnvironmentVault({ name: 'v', prefix: 'P', environment: {} })),
  )
  expect(await probeVault(readOnly, false)).toEqual([])
  expect(await probeVault(readOnly, true)).toEqual([
    expect.stringMatching(/^secret "alien-bindings-check-.*" in vault "v" cannot be set from here; /),
  ])
})
