import { describe } from 'vitest'
import { MemoryVault } from './memory-vault.js'
import { testVault } from './vault.testsuite.js'

describe('contract', () => {
  testVault({ open: () => Promise.resolve(new MemoryVault()) })
})
