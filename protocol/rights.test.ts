import { describe, expect, test } from 'vitest'
import { describeIssues } from './issues.js'
import { includesScope, rightsSchema, SCOPES } from './rights.js'

test('a scope includes those before it, and no other', () => {
  const table = SCOPES.map((held) => SCOPES.filter((needed) => includesScope([held], needed)))
  expect(table).toEqual([['read'], ['read', 'invoke'], ['read', 'invoke', 'operate'], [...SCOPES]])
})

test('of several scopes the strongest counts, of none nothing', () => {
  expect(includesScope(['admin', 'read'], 'operate')).toBe(true)
  expect(includesScope([], 'read')).toBe(false)
})

describe('rights', () => {
  test('are for all deployments and commands unless they are limited', () => {
    expect(rightsSchema.parse({ scopes: ['read'] })).toEqual({ scopes: ['read'], deployments: ['*'], commands: ['*'] })
  })

  test.each<[unknown, string]>([
    [{ scopes: [] }, 'scopes: Too small: expected array to have >=1 items'],
    [{ scopes: ['root'] }, 'scopes.0: Invalid option: expected one of "read"|"invoke"|"operate"|"admin"'],
    [
      { scopes: ['read'], deployments: ["a' or 1"] },
      `deployments.0: "a' or 1" must be 1 to 100 letters, digits, ".", "_" or "-", and "*" for any number of them, like "acme-*"`,
    ],
    [{ scopes: ['read'], commands: [] }, 'commands: Too small: expected array to have >=1 items'],
  ])('%j are none', (value, message) => {
    const { error } = rightsSchema.safeParse(value)
    expect(error && describeIssues(error)).toBe(message)
  })
})
