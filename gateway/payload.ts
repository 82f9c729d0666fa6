/**
 * What a payload must be for the vendor's side to read it. Temporal takes any bytes, and a workflow that cannot decode
 * a result fails its task again and again, for good.
 */
import proto from '@temporalio/proto'
import { malformed } from './refusal.js'

const { Payload } = proto.temporal.api.common.v1

/** What agents send: JSON, or nothing. */
const JSON_ENCODING = 'json/plain'
const NULL_ENCODING = 'binary/null'
/** Reading is no trouble at any depth, but writing overflows the stack in the workflow's sandbox at some thousands. */
const MAX_JSON_DEPTH = 1_000

/** @throws {Refusal} */
export function assertReadable(message: Uint8Array): void {
  const { metadata, data } = Payload.decode(message)
  const encoding = Buffer.from(metadata['encoding'] ?? new Uint8Array()).toString()
  if (encoding === NULL_ENCODING) return
  if (encoding !== JSON_ENCODING) throw malformed(`a payload's encoding must be ${JSON_ENCODING} or ${NULL_ENCODING}`)
  if (depthOf(data) > MAX_JSON_DEPTH) throw malformed(`a payload's JSON may be ${MAX_JSON_DEPTH} levels deep`)
  try {
    JSON.parse(Buffer.from(data).toString())
  } catch {
    throw malformed("a payload's JSON cannot be read")
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** `[` and `{` differ in one bit, `]` and `}` in the same. */
const BRACE_BIT = 0x20
const OPEN = 0x7b
const CLOSE = 0x7d

function depthOf(json: Uint8Array): number {
  let deepest = 0
  let depth = 0
  let inString = false
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at] ?? 0
    if (byte === QUOTE) inString = !inString
    else if (inString) at += byte === BACKSLASH ? 1 : 0
    else if ((byte | BRACE_BIT) === OPEN) deepest = Math.max(deepest, ++depth)
    else if ((byte | BRACE_BIT) === CLOSE) depth -= 1
  }
  return deepest
}
