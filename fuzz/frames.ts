/** The reading of messages, on its own. */
import fc from 'fast-check'
import type protobuf from 'protobufjs'
import { service } from '../attack/hostile-client.js'
import { foreignPart } from '../attack/rights.js'
import { knownFields, messageType } from '../gateway/known-fields.js'
import { Refusal } from '../gateway/refusal.js'
import { fieldsOf } from '../gateway/wire.js'
import type { Fuzzer } from './fuzzer.js'
import { messages, mutants } from './messages.js'

const words = ['', 'json/plain', 'encoding', '{"a":1}', '[['].map((word) => Buffer.from(word))
const details = { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{}') }] }
const failed = (levels: number): object => ({
  ...{ message: 'x', applicationFailureInfo: { type: 'y', details }, encodedAttributes: details.payloads[0] },
  ...(levels === 0 ? {} : { cause: failed(levels - 1) }),
})

const failureType = messageType('temporal.api.failure.v1.Failure')
const payloadsType = messageType('temporal.api.common.v1.Payloads')
const encoded = (type: protobuf.Type, message: object): Uint8Array => type.encode(type.fromObject(message)).finish()

const failures = [0, 1, 5, 60].map((levels) => encoded(failureType, failed(levels)))
const good = [...failures, encoded(payloadsType, details), service.GetSystemInfoRequest.encode({}).finish()]

const inputs = fc.oneof(mutants(good, words), messages(words), fc.uint8Array({ maxLength: 64 }))

/** What the reader throws for bytes that are no message. A `TypeError`, say, is a defect. */
const isAboutTheInput = (error: unknown): boolean =>
  error instanceof Refusal || error instanceof RangeError || (error instanceof Error && error.constructor === Error)

/** A message's fields are all of it, one after the other, and nothing else. */
function checkFields(input: Uint8Array): void {
  let length = 0
  try {
    for (const { id, raw, content } of fieldsOf(input)) {
      length += raw.length
      if (id <= 0 || raw.length === 0) throw new TypeError(`a field ${id} of ${raw.length} bytes`)
      if (content && content.length >= raw.length) throw new TypeError('content larger than its field')
    }
  } catch (error) {
    if (isAboutTheInput(error)) return
    throw error
  }
  if (length !== input.length) throw new Error(`${length} bytes of ${input.length} are in fields`)
}

/** What is left of a message has nothing in it that its type does not know, and can be read. */
const checkKnown = (type: protobuf.Type) => (input: Uint8Array) => {
  let known: Uint8Array
  try {
    known = knownFields(type, input)
  } catch (error) {
    if (isAboutTheInput(error)) return
    throw error
  }
  const foreign = foreignPart(type, known)
  if (foreign !== undefined) throw new Error(`accepted: ${foreign}`)
  type.decode(known)
}

export const FRAME_FUZZERS: readonly Fuzzer[] = [
  { name: 'wire', inputs, check: checkFields },
  { name: 'known-fields-failure', inputs, check: checkKnown(failureType) },
  { name: 'known-fields-payloads', inputs, check: checkKnown(payloadsType) },
]
