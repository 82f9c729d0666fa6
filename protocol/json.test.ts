import { expect, test } from 'vitest'
import { isPlainObject } from './json.js'

test('isPlainObject tells objects from arrays, null and everything else', () => {
  expect(isPlainObject({})).toBe(true)
  for (const value of [[], null, undefined, 'text', 7, () => 1]) expect(isPlainObject(value)).toBe(false)
})
