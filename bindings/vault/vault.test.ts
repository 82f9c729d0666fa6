import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { MemoryVault } from './memory-vault.js'
import { Vault } from './vault.js'

const untouched = new Vault('credentials', () => Promise.reject(new Error('the backend was asked')))

describe('arguments are checked before the backend is asked', () => {
  const keys: readonly unknown[] = [
    '',
    '-a',
    '_a',
    'a.b',
    'a/b',
    '../a',
    'a b',
    'ä',
    '__proto__',
    'x'.repeat(128),
    undefined,
  ]

  test.each(keys)('key %j', async (key) => {
    const shown = typeof key !== 'string' ? String(key) : `"${key.length > 120 ? `${key.slice(0, 120)}…` : key}"`
    const invalid = {
      code: 'invalid_key',
      message: `key ${shown} in vault "credentials" is not allowed: it must be 1 to 127 letters, digits, "-" or "_", and start with a letter or digit`,
    }
    await expect(untouched.get(key as string)).rejects.toMatchObject(invalid)
    await expect(untouched.getSecret(key as string)).rejects.toMatchObject(invalid)
    await expect(untouched.getJson(key as string)).rejects.toMatchObject(invalid)
    await expect(untouched.set(key as string, 'x')).rejects.toMatchObject(invalid)
    await expect(untouched.delete(key as string)).rejects.toMatchObject(invalid)
  })

  test.each<[unknown, string]>([
    [undefined, 'must be a string, got a value of type undefined'],
    [{ user: 'hunter2' }, 'must be a string, got a value of type object'],
    [7, 'must be a string, got a value of type number'],
    ['', 'must not be empty'],
  ])('value %#', async (value, problem) => {
    await expect(untouched.set('warehouse', value as string)).rejects.toMatchObject({
      code: 'invalid_value',
      message: `secret "warehouse" in vault "credentials" ${problem}`,
    })
  })
})

test('a secret has as many bytes as the backend takes', async () => {
  const vault = new Vault('credentials', () => Promise.resolve(new MemoryVault()))
  await expect(vault.set('warehouse', 'ä'.repeat(32 * 1024 + 1))).rejects.toMatchObject({
    code: 'invalid_value',
    message: 'secret "warehouse" in vault "credentials" must have at most 65536 bytes, and has 65538',
  })
})

describe('values stay secret', () => {
  test('when they are not the JSON that was expected', async () => {
    const backend = new MemoryVault()
    const vault = new Vault('credentials', () => Promise.resolve(backend))
    await vault.set('warehouse', 'hunter2')
    const error: unknown = await vault.getJson('warehouse').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'invalid_content',
      message: 'secret "warehouse" in vault "credentials" is not JSON',
    })
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('hunter2')
    expect(inspect(vault, { depth: Infinity, showHidden: true })).not.toContain('hunter2')
  })
})
