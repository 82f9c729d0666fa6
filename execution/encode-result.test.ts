import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { CommandError } from '../protocol/errors.js'
import { MAX_PAYLOAD_BYTES } from '../protocol/limits.js'
import { RESULT_VALUE } from '../protocol/result-value.js'
import { encodeResult } from './encode-result.js'

test.each<[unknown, string]>([
  [undefined, 'null'],
  [null, 'null'],
  [0, '0'],
  [false, 'false'],
  ['', '""'],
  [{ rowCount: 3, skipped: undefined }, '{"rowCount":3}'],
  [[1, undefined], '[1,null]'],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [NaN, 'null'],
])('%o is %s', async (value, text) => {
  expect(await encodeResult('report', value)).toBe(text)
})

describe('what JSON cannot carry', () => {
  const circular: { self?: unknown } = {}
  circular.self = circular

  test.each<[unknown, string]>([
    [{ rows: 3n }, 'Do not know how to serialize a BigInt'],
    [circular, 'Converting circular structure to JSON'],
    [() => 1, 'it is a function'],
    [Symbol('s'), 'it is a symbol'],
  ])('%o', async (value, reason) => {
    await expect(encodeResult('report', value)).rejects.toMatchObject({
      name: 'CommandError',
      code: 'invalid_result',
      message: `the result of "report" is not JSON: ${reason}`,
    })
  })

  test('what a toJSON throws is kept as the cause', async () => {
    const thrown = new Error('no snapshot')
    const value = {
      toJSON() {
        throw thrown
      },
    }
    await expect(encodeResult('report', value)).rejects.toMatchObject({
      message: 'the result of "report" is not JSON: no snapshot',
      cause: thrown,
    })
  })
})

describe('the size', () => {
  // Two bytes for the quotes.
  const atLimit = 'x'.repeat(MAX_PAYLOAD_BYTES - 2)

  test('of the limit itself passes', async () => {
    expect(await encodeResult('report', atLimit)).toHaveLength(MAX_PAYLOAD_BYTES)
  })

  test.each([
    ['one more', `${atLimit}x`, MAX_PAYLOAD_BYTES + 1],
    ['letters of two bytes', 'é'.repeat(MAX_PAYLOAD_BYTES / 2), MAX_PAYLOAD_BYTES + 2],
  ])('over it does not: %s', async (_, value, bytes) => {
    await expect(encodeResult('report', value)).rejects.toMatchObject({
      code: 'payload_too_large',
      message: `the result of "report" is ${bytes} bytes of JSON, the limit is ${MAX_PAYLOAD_BYTES}; return less, or store it and return where it is`,
      details: { side: 'result', bytes, maxBytes: MAX_PAYLOAD_BYTES },
    })
  })
})

test('a value that stands for another is asked for it, and told the limit', async () => {
  const asked: number[] = []
  const stored = {
    [RESULT_VALUE]: (maxBytes: number) => {
      asked.push(maxBytes)
      return Promise.resolve({ rows: [1, 2] })
    },
  }
  expect(await encodeResult('report', stored)).toBe('{"rows":[1,2]}')
  expect(asked).toEqual([MAX_PAYLOAD_BYTES])
})

test('the schema is of what a value stands for', async () => {
  const stored = { [RESULT_VALUE]: () => Promise.resolve({ rows: 2 }) }
  const result = z.object({ rows: z.number() })
  expect(await encodeResult('report', stored, Infinity, 100, result)).toBe('{"rows":2}')
  await expect(encodeResult('report', stored, Infinity, 100, z.string())).rejects.toMatchObject({
    code: 'invalid_result',
    message: 'the result of "report" breaks its schema: Invalid input: expected string, received object',
  })
})

test('a control plane may take less than this version knows of', async () => {
  expect(await encodeResult('report', 'x'.repeat(98), Infinity, 100)).toHaveLength(100)
  await expect(encodeResult('report', 'x'.repeat(99), 200, 100)).rejects.toThrow(
    'the result of "report" is 101 bytes of JSON, the limit is 100; ',
  )
})

describe("under the limit of the customer's policy", () => {
  test('what is at it passes', async () => {
    expect(await encodeResult('report', 'x'.repeat(98), 100)).toHaveLength(100)
  })

  test('what is over it does not, and the error says whose limit it is', async () => {
    await expect(encodeResult('report', 'x'.repeat(99), 100)).rejects.toMatchObject({
      code: 'payload_too_large',
      message:
        'the result of "report" is 101 bytes of JSON, the limit of the customer\'s policy is 100; return less, or store it and return where it is',
      details: { side: 'result', bytes: 101, maxBytes: 100 },
    })
  })

  test('a limit above ours changes nothing', async () => {
    await expect(encodeResult('report', 'x'.repeat(MAX_PAYLOAD_BYTES), MAX_PAYLOAD_BYTES + 1)).rejects.toThrow(
      `, the limit is ${MAX_PAYLOAD_BYTES}; `,
    )
  })

  test('a value that stands for another is told it, and what it throws says whose limit it is', async () => {
    const details = { side: 'result', bytes: 101, maxBytes: 100 }
    const stored = {
      [RESULT_VALUE]: (maxBytes: number) =>
        Promise.reject(new CommandError('payload_too_large', `too many for ${maxBytes}`, { details })),
    }
    await expect(encodeResult('report', stored, 100)).rejects.toMatchObject({
      code: 'payload_too_large',
      message: "too many for 100; the limit is that of the customer's policy",
      details,
    })
  })

  test('without a limit of the policy it is thrown as it is', async () => {
    const error = new CommandError('payload_too_large', 'too many')
    await expect(encodeResult('report', { [RESULT_VALUE]: () => Promise.reject(error) })).rejects.toBe(error)
  })

  test('whatever else such a value throws is thrown as it is', async () => {
    const error = new Error('no such object')
    await expect(encodeResult('report', { [RESULT_VALUE]: () => Promise.reject(error) }, 100)).rejects.toBe(error)
  })
})
