/** Inputs that look like protobuf messages as far as it pays: noise would be refused at its first byte. */
import fc from 'fast-check'
import protobuf from 'protobufjs'

const tag = (id: number, wireType: number): Uint8Array =>
  protobuf.Writer.create()
    .uint32(((id << 3) | wireType) >>> 0)
    .finish()

const varint = (value: number): Uint8Array => protobuf.Writer.create().uint32(value).finish()

const delimited = (id: number, content: Uint8Array): Uint8Array =>
  Buffer.concat([tag(id, 2), varint(content.length), content])

const fieldIds = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1, max: 12 }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 13, 15, 20, 21, 100, 536_870_911) },
)

/** Fields of any kind, with contents that mean something here among those that do not. */
export function messages(words: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const { message } = fc.letrec<{ message: Uint8Array; field: Uint8Array }>((tie) => ({
    field: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      {
        weight: 4,
        arbitrary: fc.tuple(fieldIds, fc.constantFrom(...words)).map(([id, word]) => delimited(id, word)),
      },
      {
        weight: 1,
        arbitrary: fc.tuple(fieldIds, fc.uint8Array({ maxLength: 24 })).map(([id, noise]) => delimited(id, noise)),
      },
      {
        weight: 2,
        arbitrary: fc.tuple(fieldIds, fc.nat()).map(([id, value]) => Buffer.concat([tag(id, 0), varint(value)])),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fieldIds, fc.constantFrom(1, 3, 4, 5, 6, 7), fc.uint8Array({ maxLength: 9 }))
          .map(([id, wireType, rest]) => Buffer.concat([tag(id, wireType), rest])),
      },
      { weight: 3, arbitrary: fc.tuple(fieldIds, tie('message')).map(([id, inner]) => delimited(id, inner)) },
    ),
    message: fc.array(tie('field'), { maxLength: 6 }).map((fields) => Buffer.concat(fields)),
  }))
  return message
}

/** Good messages with a few bytes changed, left out, doubled, or followed by others. */
export function mutants(good: readonly Uint8Array[], words: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.tuple(
    fc.constantFrom('set', 'cut', 'double', 'append', 'insert'),
    fc.nat(),
    fc.nat(255),
    fc.constantFrom(...words),
  )
  return fc
    .tuple(fc.constantFrom(...good), fc.array(edit, { maxLength: 4 }), messages(words))
    .map(([start, edits, other]) =>
      edits.reduce<Buffer>((message, [kind, position, value, word]) => {
        const at = message.length === 0 ? 0 : position % message.length
        const [head, tail] = [message.subarray(0, at), message.subarray(at)]
        switch (kind) {
          case 'set':
            return Buffer.concat([head, Buffer.of(value), tail.subarray(1)])
          case 'cut':
            return Buffer.concat([head, tail.subarray(1 + (value % 8))])
          case 'double':
            return Buffer.concat([message, tail])
          case 'append':
            return Buffer.concat([message, other])
          default:
            return Buffer.concat([head, word, tail])
        }
      }, Buffer.from(start)),
    )
}
