import { expect, test } from 'vitest'
import { Access } from './access.js'

const access = (deployments: string[], commands = ['*']) => new Access({ scopes: ['invoke'], deployments, commands })

test.each([
  [['*'], true],
  [['acme-corp'], true],
  [['globex', 'acme-*'], true],
  [['dep_abc'], true],
  [['dep_a*'], true],
  [['acme'], false],
  [['dep_abd'], false],
  // Meant of names, and every id begins like that.
  [['d*'], false],
  [[], false],
])('deployments %j: is acme-corp (dep_abc) seen? %s', (patterns, seen) => {
  expect(access(patterns).seesDeployment({ id: 'dep_abc', name: 'acme-corp' })).toBe(seen)
})

test.each([
  [['*'], true],
  [['generate-*', 'x'], true],
  [['Generate-*'], false],
  [[], false],
])('commands %j: is generate-report seen? %s', (patterns, seen) => {
  expect(access(['*'], patterns).seesCommand('generate-report')).toBe(seen)
})

test('it knows when it is not limited', () => {
  expect(access(['a', '*'])).toMatchObject({ everyDeployment: true, everyCommand: true })
  expect(access(['a*'], ['b*'])).toMatchObject({ everyDeployment: false, everyCommand: false })
})

test('scopes are those of the key', () => {
  expect(access(['*']).allows('read')).toBe(true)
  expect(access(['*']).allows('operate')).toBe(false)
})
