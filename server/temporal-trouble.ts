/** What Temporal's refusals mean to our callers. */
import { CommandError } from '../protocol/errors.js'
import { grpcCode } from '../temporal/grpc-code.js'

/** gRPC status codes that pass by themselves. */
const RESOURCE_EXHAUSTED = 8
const PASSING = new Set([4 /* DEADLINE_EXCEEDED */, 10 /* ABORTED */, 14 /* UNAVAILABLE */])

/** `unavailable` or `rate_limited` for trouble that passes; `undefined` for anything else. */
export function temporalTrouble(error: unknown): CommandError | undefined {
  const code = grpcCode(error)
  if (code === RESOURCE_EXHAUSTED) {
    return new CommandError('rate_limited', 'Temporal is over its rate limit; try again in a moment', { cause: error })
  }
  if (code === undefined || !PASSING.has(code)) return undefined
  return new CommandError('unavailable', 'Temporal cannot be reached; try again in a moment', { cause: error })
}
