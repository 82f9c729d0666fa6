import { expect, test } from 'vitest'
import { matchesGlob } from './glob.js'

test.each([
  ['*', ''],
  ['*', 'acme'],
  ['acme', 'acme'],
  ['acme-*', 'acme-corp'],
  ['acme-*', 'acme-'],
  ['*-eu', 'acme-eu'],
  ['a*b*c', 'abc'],
  ['a*b*c', 'axxbxbxc'],
  ['a**c', 'ac'],
  ['*a*', 'bab'],
  ['ab*ab', 'abab'],
])('%s covers "%s"', (pattern, name) => {
  expect(matchesGlob(pattern, name)).toBe(true)
})

test.each([
  ['acme', 'acme-corp'],
  ['acme', 'Acme'],
  ['acme-*', 'acme'],
  ['acme-*', 'xacme-corp'],
  ['*-eu', 'acme-eu1'],
  ['a*b*c', 'acb'],
  ['a*b*b', 'ab'],
  ['ab*ab', 'ab'],
  ['ab*ba', 'aba'],
  ['*a*a*', 'bab'],
  ['', 'a'],
  // Neither is more than itself.
  ['a.c', 'abc'],
  ['a?', 'ab'],
])('%s does not cover "%s"', (pattern, name) => {
  expect(matchesGlob(pattern, name)).toBe(false)
})

test('a pattern made to be slow is not', () => {
  const start = performance.now()
  expect(matchesGlob(`${'*a'.repeat(50)}*b*`, 'a'.repeat(10_000))).toBe(false)
  expect(performance.now() - start).toBeLessThan(1_000)
})
