/** What Temporal's refusals mean to our callers. */
import { isGrpcServiceError, ServiceError } from '@temporalio/client'
import { CommandError } from '../protocol/errors.js'

/** gRPC status codes that pass by themselves. */
const RESOURCE_EXHAUSTED = 8
const PASSING = new Set([4 /* DEADLINE_EXCEEDED */, 10 /* ABORTED */, 14 /* UNAVAILABLE */])

/** `unavailable` or `rate_limited` for trouble that passes; `undefined` for anything else. */
export function temporalTrouble(error: unknown): CommandError | undefined {
  const cause = error instanceof ServiceError ? error.cause : error
  const code = isGrpcServiceError(cause) ? cause.code : nativeCode(cause)
  if (code === RESOURCE_EXHAUSTED) {
    return new CommandError('rate_limited', 'Temporal is over its rate limit; try again in a moment', { cause: error })
  }
  if (code === undefined || !PASSING.has(code)) return undefined
  return new CommandError('unavailable', 'Temporal cannot be reached; try again in a moment', { cause: error })
}

/** The native connection's errors carry the code as a plain property. */
function nativeCode(error: unknown): number | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'number' ? code : undefined
}
