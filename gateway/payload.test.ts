import proto from '@temporalio/proto'
import { describe, expect, test } from 'vitest'
import { knownFields, messageType } from './known-fields.js'
import { assertReadable } from './payload.js'

const { Payload, Payloads } = proto.temporal.api.common.v1

const payload = (encoding: string | undefined, data: string | Uint8Array) => ({
  metadata: encoding === undefined ? {} : { encoding: Buffer.from(encoding) },
  data: Buffer.from(data),
})

const refusalOf = (encoding: string | undefined, data: string): string | undefined => {
  try {
    assertReadable(Payload.encode(payload(encoding, data)).finish())
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

describe('a payload', () => {
  test.each([
    ['json/plain', '{"a": [1, "]}\\"["]}'],
    ['json/plain', '['.repeat(1_000) + ']'.repeat(1_000)],
    ['json/plain', `"${'['.repeat(5_000)}"`],
    ['binary/null', ''],
  ])('of %s that the vendor can read', (encoding, data) => {
    expect(refusalOf(encoding, data)).toBeUndefined()
  })

  const foreign = "a payload's encoding must be json/plain or binary/null"
  test.each([
    ['json/plain', '{', "a payload's JSON cannot be read"],
    ['json/plain', '', "a payload's JSON cannot be read"],
    ['json/plain', '['.repeat(1_001) + ']'.repeat(1_001), "a payload's JSON may be 1000 levels deep"],
    ['json/plain', '{"a":'.repeat(1_001) + '1' + '}'.repeat(1_001), "a payload's JSON may be 1000 levels deep"],
    ['json/protobuf', '{}', foreign],
    ['', '{}', foreign],
    [undefined, '{}', foreign],
  ])('of %s that it cannot read: %.10s', (encoding, data, message) => {
    expect(refusalOf(encoding, data)).toBe(message)
  })

  test('is looked at wherever it is', () => {
    const message = Payloads.encode({ payloads: [payload('json/plain', '1'), payload('json/plain', '{')] }).finish()
    expect(() => knownFields(messageType('temporal.api.common.v1.Payloads'), message)).toThrow(
      "a payload's JSON cannot be read",
    )
  })
})

test.each([
  ['a text', 'temporal.api.failure.v1.Failure', Buffer.of(10, 1, 0xff)],
  ['the key of a map', 'temporal.api.common.v1.Payload', Buffer.of(10, 3, 10, 1, 0xff)],
])('%s that is not UTF-8 is refused', (_what, type, message) => {
  expect(() => knownFields(messageType(type), message)).toThrow('a text is not UTF-8')
})
