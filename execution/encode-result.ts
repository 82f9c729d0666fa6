/** A handler's return value, as the JSON that leaves the customer's environment. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { SecretScope } from '../bindings/vault/secret-scope.js'
import { CommandError } from '../protocol/errors.js'
import { jsonProblem, type JsonValue } from '../protocol/json.js'
import { MAX_PAYLOAD_BYTES } from '../protocol/limits.js'
import { isResultValue, RESULT_VALUE, type ResultValue } from '../protocol/result-value.js'
import { checkSchema } from './check-schema.js'

/**
 * The JSON text of `value`; `undefined` becomes `null`, everything else is as `JSON.stringify` has it.
 *
 * @param policyMaxBytes the customer's limit, where it is lower than the vendor's
 * @param vendorMaxBytes what the control plane takes
 * @param schema of what the caller gets: of a stored object's content, when the handler returns one
 * @throws {CommandError} `invalid_result` when it breaks the schema, or JSON cannot carry it, `payload_too_large` over the limit. Measured here
 *   because Temporal's worker would report a result over its limit as retryable, and the command would run again.
 */
export async function encodeResult(
  command: string,
  value: unknown,
  policyMaxBytes = Infinity,
  vendorMaxBytes = MAX_PAYLOAD_BYTES,
  schema?: StandardSchemaV1,
): Promise<string> {
  const maxBytes = Math.min(vendorMaxBytes, policyMaxBytes)
  const isPolicys = policyMaxBytes < vendorMaxBytes
  const whose = isPolicys ? "the limit of the customer's policy" : 'the limit'
  const plain = isResultValue(value) ? await valueOf(value, maxBytes, isPolicys) : value
  const text = SecretScope.current().redactor.jsonText(
    stringify(command, await checkSchema(command, 'result', schema, plain)),
  )
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) {
    throw new CommandError(
      'payload_too_large',
      `the result of "${command}" is ${bytes} bytes of JSON, ${whose} is ${maxBytes}; return less, or store it and return where it is`,
      { details: { side: 'result', bytes, maxBytes } },
    )
  }
  return text
}

/** What refuses to be that large says so, but does not know whose limit it is. */
async function valueOf(value: ResultValue, maxBytes: number, isPolicys: boolean): Promise<JsonValue> {
  try {
    return await value[RESULT_VALUE](maxBytes)
  } catch (error) {
    if (!isPolicys || !(error instanceof CommandError) || error.code !== 'payload_too_large') throw error
    throw new CommandError(error.code, `${error.message}; the limit is that of the customer's policy`, {
      details: error.details,
    })
  }
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
