/** How an object that a handler returns, a stored file for one, says what the caller receives in its place. */
import type { JsonValue } from './json.js'

/** `Symbol.for`, so that it is the same symbol when a program holds two copies of the package. */
export const RESULT_VALUE: unique symbol = Symbol.for('alienplatform.resultValue')

export interface ResultValue {
  /**
   * The JSON to send as the handler's result.
   *
   * @param maxBytes Greatest size of that JSON, encoded.
   * @throws {CommandError} `payload_too_large` when it would be greater; decided without holding more than `maxBytes`
   *   of it in memory.
   */
  [RESULT_VALUE](maxBytes: number): Promise<JsonValue>
}

export const isResultValue = (value: unknown): value is ResultValue =>
  typeof value === 'object' && value !== null && RESULT_VALUE in value && typeof value[RESULT_VALUE] === 'function'
