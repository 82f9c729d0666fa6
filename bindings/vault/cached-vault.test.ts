import { describe, expect, test } from 'vitest'
import { CachedVault } from './cached-vault.js'
import { MemoryVault } from './memory-vault.js'
import { testVault } from './vault.testsuite.js'

describe('contract', () => {
  testVault({ open: () => Promise.resolve(new CachedVault(new MemoryVault(), 60_000)) })
})

/** A vault, what others do to it, and a clock. */
function cached() {
  let nowMs = 0
  let reads = 0
  const others = new MemoryVault()
  const counting = Object.assign(Object.create(others) as MemoryVault, {
    get: (key: string) => {
      reads += 1
      return others.get(key)
    },
    set: (key: string, value: string) => others.set(key, value),
    delete: (key: string) => others.delete(key),
  })
  return {
    vault: new CachedVault(counting, 1_000, () => nowMs),
    others,
    passMs: (ms: number) => (nowMs += ms),
    reads: () => reads,
  }
}

test('a value is asked for once in its time, and a rotation is seen after it', async () => {
  const { vault, others, passMs, reads } = cached()
  await others.set('key', 'old')
  expect(await Promise.all([vault.get('key'), vault.get('key')])).toEqual(['old', 'old'])
  await others.set('key', 'new')
  passMs(999)
  expect(await vault.get('key')).toBe('old')
  expect(reads()).toBe(1)
  passMs(1)
  expect(await vault.get('key')).toBe('new')
})

test('that there is none is not kept', async () => {
  const { vault, others } = cached()
  expect(await vault.get('key')).toBeUndefined()
  await others.set('key', 'value')
  expect(await vault.get('key')).toBe('value')
})

test('what this process changes, it sees at once', async () => {
  const { vault } = cached()
  await vault.set('key', 'old')
  expect(await vault.get('key')).toBe('old')
  await vault.set('key', 'new')
  expect(await vault.get('key')).toBe('new')
  await vault.delete('key')
  expect(await vault.get('key')).toBeUndefined()
})
