/**
 * Keeps of a message what its type knows, to a bounded depth. Temporal stores unknown fields and deep nesting as they
 * come, and the vendor's own worker would choke on them when it reads the history.
 */
import { isUtf8 } from 'node:buffer'
import proto from '@temporalio/proto'
import protobuf from 'protobufjs'
import { assertReadable } from './payload.js'
import { malformed } from './refusal.js'
import { fieldsOf, LENGTH_DELIMITED, wireField, type WireField } from './wire.js'

/** A chain of causes is a handful long; the SDK's native core gives up at 100 levels. */
const MAX_DEPTH = 40

const VARINT = 0

const root = proto as unknown as protobuf.Root

export function messageType(name: string): protobuf.Type {
  root.resolveAll()
  return root.lookupType(name)
}

const payloadType = messageType('temporal.api.common.v1.Payload')

/** The bytes themselves when there is nothing to leave out. @throws {Refusal} when nested too deeply */
export function knownFields(type: protobuf.Type, message: Uint8Array, depth = MAX_DEPTH): Uint8Array {
  if (depth === 0) throw malformed('the message is nested too deeply')
  let changed = false
  const parts: Uint8Array[] = []
  for (const field of fieldsOf(message)) {
    const known = type.fieldsById[field.id]
    const part = known && hasItsType(known, field) ? knownField(known, field, depth) : undefined
    if (part !== field.raw) changed = true
    if (part) parts.push(part)
  }
  return changed ? Buffer.concat(parts) : message
}

function knownField({ map, resolvedType, type }: protobuf.Field, { id, raw, content }: WireField, depth: number) {
  if (content === undefined) return raw
  if (map) {
    assertEntry(content)
    return raw
  }
  if (!(resolvedType instanceof protobuf.Type)) {
    if (type === 'string') assertText(content)
    return raw
  }
  const inner = knownFields(resolvedType, content, depth - 1)
  if (resolvedType === payloadType) assertReadable(inner)
  return inner === content ? raw : wireField(id, inner)
}

/** One of another wire type is an unknown field to some readers and an error to others. */
function hasItsType({ map, repeated, resolvedType, type }: protobuf.Field, { wireType }: WireField): boolean {
  if (map || resolvedType instanceof protobuf.Type) return wireType === LENGTH_DELIMITED
  const expected = resolvedType ? VARINT : protobuf.types.basic[type as keyof typeof protobuf.types.basic]
  return wireType === expected || (repeated && wireType === LENGTH_DELIMITED)
}

/** The maps here are of text to bytes. */
function assertEntry(entry: Uint8Array): void {
  for (const { id, content } of fieldsOf(entry)) {
    if ((id !== 1 && id !== 2) || content === undefined) throw malformed('a map entry is a key and a value')
    if (id === 1) assertText(content)
  }
}

/** Temporal takes no other, and says so in a way that looks like trouble of its own. */
export function assertText(content: Uint8Array): void {
  if (!isUtf8(content)) throw malformed('a text is not UTF-8')
}
