import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { NAME_PATTERN, matchesPattern } from './name-pattern.js'

test.each<[string, string, boolean]>([
  ['report', 'report', true],
  ['report', 'reports', false],
  ['report', 'my-report', false],
  ['report', 'Report', false],
  ['*', 'anything', true],
  ['**', 'x', true],
  ['drop-*', 'drop-tables', true],
  ['drop-*', 'drop-', true],
  ['drop-*', 'drop', false],
  ['drop-*', 'x-drop-tables', false],
  ['*-report', 'weekly-report', true],
  ['*-report', 'weekly-report-2', false],
  ['db.*.read', 'db.orders.read', true],
  ['db.*.read', 'db..read', true],
  ['db.*.read', 'db.read', false],
  ['db.*', 'dbx', false],
  ['*a*b*', 'xaybz', true],
  ['*a*b*', 'xbyaz', false],
  ['a*a', 'a', false],
  ['a*b*b', 'ab', false],
  ['a*ab*b', 'aab', false],
  ['a*b*c', 'abbc', true],
  ['.*', 'report', false],
])('"%s" on "%s": %s', (pattern, name, matches) => {
  expect(matchesPattern(pattern, name)).toBe(matches)
})

test('a pattern made to be slow is not', () => {
  const startedAtMs = performance.now()
  expect(matchesPattern(`${'*a'.repeat(50)}b`, 'a'.repeat(100))).toBe(false)
  expect(performance.now() - startedAtMs).toBeLessThan(10_000)
})

test.each(['', 'drop ?', 'drop-?', '[ab]', '{a,b}', '/drop/', 'a'.repeat(101)])('"%s" is no pattern', (pattern) => {
  expect(NAME_PATTERN.test(pattern)).toBe(false)
})
