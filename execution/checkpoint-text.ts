import { CommandError } from '../protocol/errors.js'
import { jsonProblem } from '../protocol/json.js'
import { jsonDepth, MAX_JSON_DEPTH } from '../protocol/json-depth.js'
import { MAX_CHECKPOINT_BYTES } from '../protocol/limits.js'

/**
 * The JSON of what a handler gives to `checkpoint`.
 *
 * @throws {CommandError} `invalid_request` when JSON cannot carry it, `payload_too_large` over the limit
 */
export function checkpointText(command: string, value: unknown): string {
  const text = stringify(command, value)
  const json = Buffer.from(text)
  if (json.length > MAX_CHECKPOINT_BYTES) {
    throw new CommandError(
      'payload_too_large',
      `the checkpoint of "${command}" is ${json.length} bytes of JSON, the limit is ${MAX_CHECKPOINT_BYTES}; keep less, or store it and keep where it is`,
    )
  }
  // One level less: it travels inside an object.
  if (jsonDepth(json) < MAX_JSON_DEPTH) return text
  throw notJson(command, `it is more than ${MAX_JSON_DEPTH - 1} levels deep`)
}

function stringify(command: string, value: unknown): string {
  let text: string | undefined
  try {
    text = jsonText(value)
  } catch (error) {
    throw notJson(command, jsonProblem(error), error)
  }
  if (text === undefined) throw notJson(command, `it is ${value === undefined ? 'undefined' : `a ${typeof value}`}`)
  return text
}

/** `undefined` for functions, symbols and `undefined`, which the standard library's type does not say. */
const jsonText: (value: unknown) => string | undefined = JSON.stringify

const notJson = (command: string, why: string, cause?: unknown): CommandError =>
  new CommandError('invalid_request', `the checkpoint of "${command}" is not JSON: ${why}`, { cause })
