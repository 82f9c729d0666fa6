import { expect, test } from 'vitest'
import { isPlainObject, jsonProblem } from './json.js'

test('isPlainObject tells objects from arrays, null and everything else', () => {
  expect(isPlainObject({})).toBe(true)
  for (const value of [[], null, undefined, 'text', 7, () => 1]) expect(isPlainObject(value)).toBe(false)
})

test('jsonProblem is one line, whatever was thrown', () => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  const thrownFor = (value: unknown): unknown => {
    try {
      return JSON.stringify(value)
    } catch (error) {
      return error
    }
  }
  expect(jsonProblem(thrownFor(circular))).toBe('Converting circular structure to JSON')
  expect(jsonProblem(thrownFor({ rows: 3n }))).toBe('Do not know how to serialize a BigInt')
  expect(jsonProblem('thrown by a toJSON')).toBe('thrown by a toJSON')
})
