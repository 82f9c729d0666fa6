import { CommandError } from '../../protocol/errors.js'
import { jsonDepth, MAX_JSON_DEPTH } from '../../protocol/json-depth.js'

/**
 * That the vendor's side can read it: a workflow which cannot decode what it is told fails its task for good.
 *
 * @throws {CommandError} `payload_too_large`, `invalid_request`
 */
export function assertReadable(value: unknown, side: 'result' | 'checkpoint', maxBytes: number): void {
  if (value === undefined) return
  let json: Buffer
  try {
    json = Buffer.from(JSON.stringify(value))
  } catch {
    throw tooDeep(side)
  }
  if (jsonDepth(json) > MAX_JSON_DEPTH) throw tooDeep(side)
  if (json.length <= maxBytes) return
  throw new CommandError('payload_too_large', `the ${side} is ${json.length} bytes of JSON, the limit is ${maxBytes}`, {
    details: { side, bytes: json.length, maxBytes },
  })
}

const tooDeep = (side: string): CommandError =>
  new CommandError('invalid_request', `the ${side} is nested more than ${MAX_JSON_DEPTH} levels deep`)
