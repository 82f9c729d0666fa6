import { expect, test } from 'vitest'
import { z } from 'zod'
import { describeIssues } from './issues.js'

const schema = z.strictObject({ retry: z.object({ codes: z.array(z.string()), max: z.int() }).optional() })

test.each<[unknown, string]>([
  ['text', 'Invalid input: expected object, received string'],
  [{ timout: 1 }, 'Unrecognized key: "timout"'],
  [
    { retry: { codes: ['a', 7], max: '3' } },
    'retry.codes.1: Invalid input: expected string, received number; retry.max: Invalid input: expected number, received string',
  ],
])('%j: %s', (value, expected) => {
  const { error } = schema.safeParse(value)
  expect(error && describeIssues(error)).toBe(expected)
})

test('a name may be of any length, and there may be any number: their beginning says enough', () => {
  const { error } = schema.safeParse({ ['k'.repeat(5_000)]: 1 })
  const text = error && describeIssues(error)
  expect(text).toBe(`Unrecognized key: "${'k'.repeat(3_981)}…`)
})
