import { expect, test } from 'vitest'
import { checkpointText } from './checkpoint-text.js'

test.each([null, 0, false, '', [1, { a: null }], { at: 'ü' }])('%j is kept as it is', (value) => {
  expect(JSON.parse(checkpointText('migrate', value))).toEqual(value)
})

/** Lists in lists. */
const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

test.each<[string, unknown, string]>([
  ['undefined', undefined, 'it is undefined'],
  ['a function', () => 1, 'it is a function'],
  ['a symbol', Symbol('s'), 'it is a symbol'],
  ['a bigint', { size: 10n }, 'Do not know how to serialize a BigInt'],
  ['what is too deep', nested(1_000), 'it is more than 999 levels deep'],
])('%s is refused', (_name, value, why) => {
  expect(() => checkpointText('migrate', value)).toThrow(
    expect.objectContaining({ code: 'invalid_request', message: `the checkpoint of "migrate" is not JSON: ${why}` }),
  )
})

test('999 levels are not too deep', () => {
  expect(checkpointText('migrate', nested(999))).toHaveLength(1_998)
})

test('64,000 bytes are the limit, whatever the letters', () => {
  expect(Buffer.byteLength(checkpointText('migrate', 'ü'.repeat(31_999)))).toBe(64_000)
  expect(() => checkpointText('migrate', 'ü'.repeat(32_000))).toThrow(
    expect.objectContaining({
      code: 'payload_too_large',
      message:
        'the checkpoint of "migrate" is 64002 bytes of JSON, the limit is 64000; keep less, or store it and keep where it is',
    }),
  )
})
