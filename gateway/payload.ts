/**
 * What a payload must be for the vendor's side to read it. Temporal takes any bytes, and a workflow that cannot decode
 * a result fails its task again and again, for good.
 */
import proto from '@temporalio/proto'
import { jsonDepth, MAX_JSON_DEPTH } from '../protocol/json-depth.js'
import { malformed } from './refusal.js'

const { Payload } = proto.temporal.api.common.v1

/** What agents send: JSON, or nothing. */
const JSON_ENCODING = 'json/plain'
const NULL_ENCODING = 'binary/null'

/** @throws {Refusal} */
export function assertReadable(message: Uint8Array): void {
  const { metadata, data } = Payload.decode(message)
  const encoding = Buffer.from(metadata['encoding'] ?? new Uint8Array()).toString()
  if (encoding === NULL_ENCODING) return
  if (encoding !== JSON_ENCODING) throw malformed(`a payload's encoding must be ${JSON_ENCODING} or ${NULL_ENCODING}`)
  if (jsonDepth(data) > MAX_JSON_DEPTH) throw malformed(`a payload's JSON may be ${MAX_JSON_DEPTH} levels deep`)
  try {
    JSON.parse(Buffer.from(data).toString())
  } catch {
    throw malformed("a payload's JSON cannot be read")
  }
}
