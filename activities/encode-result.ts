/** A handler's return value, as the JSON that leaves the customer's environment. */
import { CommandError } from '../protocol/errors.js'
import { jsonProblem } from '../protocol/json.js'
import { MAX_PAYLOAD_BYTES } from '../protocol/limits.js'
import { isResultValue, RESULT_VALUE } from '../protocol/result-value.js'

/**
 * The JSON text of `value`; `undefined` becomes `null`, everything else is as `JSON.stringify` has it.
 *
 * @throws {CommandError} `invalid_result` when JSON cannot carry it, `payload_too_large` over the limit. Measured here
 *   because Temporal's worker would report a result over its limit as retryable, and the command would run again.
 */
export async function encodeResult(command: string, value: unknown): Promise<string> {
  const plain = isResultValue(value) ? await value[RESULT_VALUE](MAX_PAYLOAD_BYTES) : value
  const text = stringify(command, plain)
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_PAYLOAD_BYTES) {
    throw new CommandError(
      'payload_too_large',
      `the result of "${command}" is ${bytes} bytes of JSON, the limit is ${MAX_PAYLOAD_BYTES}; return less, or store it and return where it is`,
      { details: { side: 'result', bytes, maxBytes: MAX_PAYLOAD_BYTES } },
    )
  }
  return text
}

function stringify(command: string, value: unknown): string {
  if (value === undefined) return 'null'
  let text: string | undefined
  try {
    text = jsonText(value)
  } catch (error) {
    throw new CommandError('invalid_result', `the result of "${command}" is not JSON: ${jsonProblem(error)}`, {
      cause: error,
    })
  }
  if (text === undefined) {
    throw new CommandError('invalid_result', `the result of "${command}" is not JSON: it is a ${typeof value}`)
  }
  return text
}

/** `undefined` for functions, symbols and `undefined`, which the standard library's type does not say. */
const jsonText: (value: unknown) => string | undefined = JSON.stringify
