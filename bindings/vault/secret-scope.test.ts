import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MemoryVault } from './memory-vault.js'
import { SecretScope } from './secret-scope.js'
import { Vault } from './vault.js'

async function vaultWith(secrets: Record<string, string>): Promise<Vault> {
  const backend = new MemoryVault()
  for (const [key, value] of Object.entries(secrets)) await backend.set(key, value)
  return new Vault('credentials', () => Promise.resolve(backend))
}

test('a scope knows what was read in it, by whichever way, and nothing of the scope beside it', async () => {
  const vault = await vaultWith({ a: 'secret of a', b: '{"password":"secret of b"}' })
  const inScope = (read: () => Promise<unknown>) =>
    SecretScope.run(async () => {
      expect(SecretScope.current().redactor.isEmpty).toBe(true)
      await read()
      await setImmediate()
      return SecretScope.current().redactor.text('secret of a, secret of b')
    })
  const texts = await Promise.all([inScope(() => vault.getSecret('a')), inScope(() => vault.getJson('b'))])
  expect(texts).toEqual(['[redacted], secret of b', 'secret of a, [redacted]'])
})

test('what is read outside belongs to all, also to scopes that began before', async () => {
  const vault = await vaultWith({ outside: 'secret of all', inside: 'secret of one' })
  let go: () => void = () => undefined
  const read = new Promise<void>((resolve) => (go = resolve))
  const text = SecretScope.run(async () => {
    await vault.get('inside')
    await read
    return SecretScope.current().redactor.text('secret of all, secret of one')
  })
  await vault.get('outside')
  go()
  expect(await text).toBe('[redacted], [redacted]')
  expect(SecretScope.current().redactor.text('secret of all, secret of one')).toBe('[redacted], secret of one')
})
