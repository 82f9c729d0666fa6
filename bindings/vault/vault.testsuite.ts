/** What every vault backend must do, seen through `Vault` as handlers see it. */
import { expect, test } from 'vitest'
import type { VaultBackend } from './vault-backend.js'
import { MAX_SECRET_BYTES, Vault } from './vault.js'

export interface VaultUnderTest {
  /** A backend without secrets. Called once per test; what it opens, it closes by `onTestFinished`. */
  readonly open: () => Promise<VaultBackend>
}

export function testVault({ open }: VaultUnderTest): void {
  const openVault = async (): Promise<Vault> => {
    const backend = await open()
    return new Vault('contract', () => Promise.resolve(backend))
  }

  test('a secret comes back as it was set', async () => {
    const vault = await openVault()
    const values = { plain: 'hunter2', 'multi-line': 'a\nb\r\n ', json_: '{"user":"ü"}', 'UPPER-1': ' ' }
    for (const [key, value] of Object.entries(values)) await vault.set(key, value)
    for (const [key, value] of Object.entries(values)) expect(await vault.getSecret(key)).toBe(value)
    expect(await vault.get('plain')).toBe('hunter2')
    expect(await vault.getJson('json_')).toEqual({ user: 'ü' })
  })

  test('a secret may have 64 KiB', async () => {
    const vault = await openVault()
    const value = 'x'.repeat(MAX_SECRET_BYTES)
    await vault.set('large', value)
    expect(await vault.getSecret('large')).toBe(value)
  })

  test('set replaces', async () => {
    const vault = await openVault()
    await vault.set('key', 'old')
    await vault.set('key', 'new')
    expect(await vault.getSecret('key')).toBe('new')
    expect(await vault.list()).toEqual(['key'])
  })

  test('a missing secret is undefined, or an error that names it and how to set it', async () => {
    const vault = await openVault()
    expect(await vault.get('warehouse')).toBeUndefined()
    const notFound = {
      name: 'BindingError',
      code: 'not_found',
      message: expect.stringMatching(/^no secret "warehouse" in vault "contract"; ./) as string,
    }
    await expect(vault.getSecret('warehouse')).rejects.toMatchObject(notFound)
    await expect(vault.getJson('warehouse')).rejects.toMatchObject(notFound)
  })

  test('names of inherited properties are ordinary keys', async () => {
    const vault = await openVault()
    expect(await vault.get('constructor')).toBeUndefined()
    expect(await vault.get('toString')).toBeUndefined()
    await vault.set('constructor', 'x')
    expect(await vault.list()).toEqual(['constructor'])
  })

  test('delete removes the secret, and is no error the second time', async () => {
    const vault = await openVault()
    await vault.set('key', 'value')
    await vault.delete('key')
    await vault.delete('key')
    expect(await vault.get('key')).toBeUndefined()
    expect(await vault.list()).toEqual([])
  })

  test('list shows the keys, sorted', async () => {
    const vault = await openVault()
    expect(await vault.list()).toEqual([])
    for (const key of ['b', 'a-2', 'C', 'a_1']) await vault.set(key, 'value')
    expect(await vault.list()).toEqual(['C', 'a-2', 'a_1', 'b'])
  })

  test('secrets set at the same time are all kept', async () => {
    const vault = await openVault()
    const keys = Array.from({ length: 10 }, (_, n) => `key-${n}`)
    await Promise.all(keys.map((key) => vault.set(key, key)))
    expect(await vault.list()).toEqual(keys)
  })
}
