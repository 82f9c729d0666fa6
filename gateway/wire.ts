/**
 * Protobuf messages at their outermost level: each field is looked at, replaced, left out, or passed on as the bytes it
 * came in. What a message carries further in (params, results) is never decoded here.
 */
import protobuf from 'protobufjs'

export const LENGTH_DELIMITED = 2
/** Varint, 64-bit, length-delimited, 32-bit. Groups, which nest without bound, are in no message of Temporal's. */
const WIRE_TYPES: ReadonlySet<number> = new Set([0, 1, LENGTH_DELIMITED, 5])

export interface WireField {
  readonly id: number
  readonly wireType: number
  /** The field as it came, tag included. */
  readonly raw: Uint8Array
  /** Content of a length-delimited field: a string, bytes or a message. */
  readonly content: Uint8Array | undefined
}

/** @throws {RangeError | Error} when the bytes are no protobuf message */
export function* fieldsOf(message: Uint8Array): Generator<WireField> {
  const reader = protobuf.Reader.create(message)
  while (reader.pos < reader.len) {
    const start = reader.pos
    const tag = reader.uint32()
    const wireType = tag & 7
    const id = tag >>> 3
    if (id === 0 || !WIRE_TYPES.has(wireType)) throw new RangeError(`bad tag ${tag} at ${start}`)
    let content: Uint8Array | undefined
    if (wireType === LENGTH_DELIMITED) content = reader.bytes()
    else reader.skipType(wireType)
    yield { id, wireType, raw: message.subarray(start, reader.pos), content }
  }
}

/** A length-delimited field. */
export function wireField(id: number, content: Uint8Array | string): Uint8Array {
  const writer = protobuf.Writer.create().uint32((id << 3) | LENGTH_DELIMITED)
  return (typeof content === 'string' ? writer.string(content) : writer.bytes(content)).finish()
}
