import { describe, expect, test } from 'vitest'
import { EnvironmentVault } from './environment-vault.js'
import { testVault } from './vault.testsuite.js'

describe('contract', () => {
  let environment: Record<string, string> = {}
  testVault({
    open: () => {
      environment = { PATH: '/bin', 'OTHER_a.b': 'x' }
      return Promise.resolve(new EnvironmentVault({ name: 'contract', prefix: 'SECRET_', environment }))
    },
    operator: {
      set: (key, value) => {
        environment[`SECRET_${key}`] = value
        return Promise.resolve()
      },
      delete: (key) => {
        // What a shell can do: to empty it.
        environment[`SECRET_${key}`] = ''
        return Promise.resolve()
      },
    },
  })
})

test('a missing secret names its variable', () => {
  const vault = new EnvironmentVault({ name: 'credentials', prefix: 'CREDENTIALS_', environment: {} })
  expect(vault.howToSet('warehouse')).toBe('start this process with the variable CREDENTIALS_warehouse')
})
