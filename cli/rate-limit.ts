/** `--rate-limit` and `--agent-rate-limit` values. */
import { CommandError } from '../protocol/errors.js'

/** Calls a second. @throws {CommandError} `invalid_request` */
export function parseRateLimit(value: string): number {
  const perSecond = Number(value)
  if (/^\d+(\.\d+)?$/.test(value) && perSecond <= 1e6) return perSecond
  throw new CommandError(
    'invalid_request',
    `rate limit "${value}" must be a number of calls a second up to 1000000, or 0 for no limit`,
  )
}
