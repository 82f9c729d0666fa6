/** What a function that was waited for came back with. */
import type { InvokeCommandOutput } from '@aws-sdk/client-lambda'
import { CommandError } from '../../protocol/errors.js'
import type { Envelope } from '../../protocol/envelope.js'
import { isPlainObject } from '../../protocol/json.js'
import { textWithin } from '../../protocol/text-within.js'

/** Of a function's own words, which may be more than Temporal takes. */
const MAX_CHARS = 10_000

/** Lambda's own words for a function that ran out of the time it is configured with. */
const TIMED_OUT = /Task timed out after/

/**
 * The answer's JSON.
 *
 * @throws {CommandError} when the function broke down, or answers what no handler runtime does
 */
export function answerOf(
  { FunctionError, Payload }: Pick<InvokeCommandOutput, 'FunctionError' | 'Payload'>,
  { command }: Envelope,
  resource: string,
): unknown {
  const answer = parse(Payload)
  if (FunctionError === undefined) {
    if (isPlainObject(answer)) return answer
    throw new CommandError(
      'invalid_result',
      `${resource} answered "${command}" with something that is no response of a handler runtime; deploy what "alien build --target lambda" makes`,
      { details: { leg: 'handler' } },
    )
  }
  // What breaks a function down, its memory or a module that it lacks, no handler could report.
  const { errorType, errorMessage } = isPlainObject(answer) ? answer : {}
  const name = typeof errorType === 'string' ? textWithin(errorType, MAX_CHARS) : FunctionError
  const message = typeof errorMessage === 'string' ? textWithin(errorMessage, MAX_CHARS) : 'the function broke down'
  const code = TIMED_OUT.test(message) ? 'timed_out' : 'command_failed'
  throw new CommandError(code, `"${command}" failed: ${message}`, { details: { name, message } })
}

function parse(payload: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(payload ?? new Uint8Array()).toString())
  } catch {
    return undefined
  }
}
