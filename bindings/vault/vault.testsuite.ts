/** What every vault backend must do, seen through `Vault` as handlers see it. */
import { expect, test } from 'vitest'
import type { VaultBackend } from './vault-backend.js'
import { Vault } from './vault.js'

export interface VaultUnderTest {
  /** A backend without secrets. Called once per test; what it opens, it closes by `onTestFinished`. */
  readonly open: () => Promise<VaultBackend>
  /** For a backend that only reads: how its operator sets a secret of the last opened one, and deletes it. */
  readonly operator?: {
    readonly set: (key: string, value: string) => Promise<void>
    readonly delete: (key: string) => Promise<void>
  }
}

interface Opened {
  readonly vault: Vault
  readonly maxBytes: number
  readonly set: (key: string, value: string) => Promise<void>
  readonly remove: (key: string) => Promise<void>
}

export function testVault({ open, operator }: VaultUnderTest): void {
  const openVault = async (): Promise<Opened> => {
    const backend = await open()
    const vault = new Vault('contract', () => Promise.resolve(backend))
    return {
      vault,
      maxBytes: backend.maxBytes,
      set: operator?.set ?? ((key, value) => vault.set(key, value)),
      remove: operator?.delete ?? ((key) => vault.delete(key)),
    }
  }
  testReading(openVault)
  testChanging(openVault)
  if (operator !== undefined) testRefusals(openVault)
}

type OpenVault = () => Promise<Opened>

function testReading(openVault: OpenVault): void {
  test('a secret comes back as it was set', async () => {
    const { vault, set } = await openVault()
    const values = { plain: 'hunter2', 'multi-line': 'a\nb\r\n ', json_: '{"user":"ü"}', 'UPPER-1': ' ' }
    for (const [key, value] of Object.entries(values)) await set(key, value)
    for (const [key, value] of Object.entries(values)) expect(await vault.getSecret(key)).toBe(value)
    expect(await vault.get('plain')).toBe('hunter2')
    expect(await vault.getJson('json_')).toEqual({ user: 'ü' })
  })

  test('a secret may be as large as the backend says', async () => {
    const { vault, maxBytes, set } = await openVault()
    const value = 'x'.repeat(maxBytes)
    await set('large', value)
    expect(await vault.getSecret('large')).toBe(value)
  })

  test('a missing secret is undefined, or an error that names it and how to set it', async () => {
    const { vault } = await openVault()
    expect(await vault.get('warehouse')).toBeUndefined()
    const notFound = {
      name: 'BindingError',
      code: 'not_found',
      message: expect.stringMatching(/^no secret "warehouse" in vault "contract"; .*warehouse/) as string,
    }
    await expect(vault.getSecret('warehouse')).rejects.toMatchObject(notFound)
    await expect(vault.getJson('warehouse')).rejects.toMatchObject(notFound)
  })

  test('names of inherited properties are ordinary keys', async () => {
    const { vault, set } = await openVault()
    expect(await vault.get('constructor')).toBeUndefined()
    expect(await vault.get('toString')).toBeUndefined()
    await set('constructor', 'x')
    expect(await vault.list()).toEqual(['constructor'])
  })

  test('list shows the keys, sorted', async () => {
    const { vault, set } = await openVault()
    expect(await vault.list()).toEqual([])
    for (const key of ['b', 'a-2', 'C', 'a_1']) await set(key, 'value')
    expect(await vault.list()).toEqual(['C', 'a-2', 'a_1', 'b'])
  })
}

function testChanging(openVault: OpenVault): void {
  test('set replaces', async () => {
    const { vault, set } = await openVault()
    await set('key', 'old')
    await set('key', 'new')
    expect(await vault.getSecret('key')).toBe('new')
    expect(await vault.list()).toEqual(['key'])
  })

  test('a deleted secret is gone, can be deleted again, and can be set anew', async () => {
    const { vault, set, remove } = await openVault()
    await set('key', 'value')
    await remove('key')
    await remove('key')
    expect(await vault.get('key')).toBeUndefined()
    expect(await vault.list()).toEqual([])
    await set('key', 'new')
    expect(await vault.get('key')).toBe('new')
  })

  test('secrets set at the same time are all kept', async () => {
    const { vault, set } = await openVault()
    const keys = Array.from({ length: 10 }, (_, n) => `key-${n}`)
    await Promise.all(keys.map((key) => set(key, key)))
    expect(await vault.list()).toEqual(keys)
  })
}

function testRefusals(openVault: OpenVault): void {
  test('to set and to delete is refused, with where to do it', async () => {
    const { vault, set } = await openVault()
    await set('key', 'value')
    const refused = (what: string) => ({
      code: 'unsupported',
      message: expect.stringMatching(
        new RegExp(`^secret "key" in vault "contract" cannot be ${what} from here; .`),
      ) as string,
    })
    await expect(vault.set('key', 'new')).rejects.toMatchObject(refused('set'))
    await expect(vault.delete('key')).rejects.toMatchObject(refused('deleted'))
    expect(await vault.get('key')).toBe('value')
  })
}
