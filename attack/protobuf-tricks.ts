/** Pieces of protobuf that no encoder writes. */
import protobuf from 'protobufjs'

export const bytesField = (id: number, content: Uint8Array | string): Uint8Array => {
  const writer = protobuf.Writer.create().uint32(((id << 3) | 2) >>> 0)
  return (typeof content === 'string' ? writer.string(content) : writer.bytes(content)).finish()
}

export const varintField = (id: number, value: number): Uint8Array =>
  protobuf.Writer.create()
    .uint32((id << 3) >>> 0)
    .uint32(value)
    .finish()

/** A group in a group in a group. */
export const groups = (id: number, levels: number): Uint8Array => {
  const start = protobuf.Writer.create()
    .uint32(((id << 3) | 3) >>> 0)
    .finish()
  const end = protobuf.Writer.create()
    .uint32(((id << 3) | 4) >>> 0)
    .finish()
  return Buffer.concat([...Array<Uint8Array>(levels).fill(start), ...Array<Uint8Array>(levels).fill(end)])
}

/** A message in a message in a message, each in field `id` of the one around it. */
export function nested(id: number, levels: number, innermost: Uint8Array = new Uint8Array()): Uint8Array {
  // From the outside in, since a length is known only when what is inside is: so first all lengths, then one buffer.
  const tag = protobuf.Writer.create()
    .uint32(((id << 3) | 2) >>> 0)
    .finish()
  const heads: Uint8Array[] = []
  let length = innermost.length
  for (let level = 0; level < levels; level += 1) {
    const head = Buffer.concat([tag, protobuf.Writer.create().uint32(length).finish()])
    heads.push(head)
    length += head.length
  }
  return Buffer.concat([...heads.reverse(), innermost])
}
