/**
 * That the vendor's side can read what a handler runtime reports: a workflow which cannot decode what it is told fails its
 * task for good.
 */
import type { AttemptResponse } from './attempt-response.js'
import { CommandError } from './errors.js'
import { jsonDepth, MAX_JSON_DEPTH } from './json-depth.js'
import { MAX_CHECKPOINT_BYTES, MAX_PAYLOAD_BYTES } from './limits.js'

type Part = 'result' | 'error' | 'checkpoint'

/**
 * The response as JSON. At their limits, result or error and checkpoint are less than Temporal's own limit together.
 *
 * @throws {CommandError} `payload_too_large`, `invalid_request`
 */
export function responseJson(response: AttemptResponse): string {
  const [part, value] =
    response.status === 'succeeded'
      ? (['result', response.result] as const)
      : (['error', response.status === 'failed' ? response.error : null] as const)
  const json = readable(part, response)
  if (response.checkpoint !== undefined) assertCheckpoint(response.checkpoint)
  // Most are small as a whole, and so is each part.
  if (Buffer.byteLength(json) > MAX_PAYLOAD_BYTES) assertSize(part, JSON.stringify(value), MAX_PAYLOAD_BYTES)
  return json
}

/** @throws {CommandError} `payload_too_large`, `invalid_request` */
export const assertCheckpoint = (checkpoint: unknown): void =>
  assertSize('checkpoint', readable('checkpoint', checkpoint), MAX_CHECKPOINT_BYTES)

function readable(part: Part, value: unknown): string {
  let json: string
  try {
    json = JSON.stringify(value)
  } catch {
    throw tooDeep(part)
  }
  if (jsonDepth(Buffer.from(json)) > MAX_JSON_DEPTH) throw tooDeep(part)
  return json
}

function assertSize(part: Part, json: string, maxBytes: number): void {
  const bytes = Buffer.byteLength(json)
  if (bytes <= maxBytes) return
  throw new CommandError('payload_too_large', `the ${part} is ${bytes} bytes of JSON, the limit is ${maxBytes}`, {
    details: { side: part, bytes, maxBytes },
  })
}

const tooDeep = (part: Part): CommandError =>
  new CommandError('invalid_request', `the ${part} is nested more than ${MAX_JSON_DEPTH} levels deep`)
