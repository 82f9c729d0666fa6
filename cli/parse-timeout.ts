import { parseDuration } from '../protocol/duration.js'
import { CommandError } from '../protocol/errors.js'

/** Of `--timeout`, in milliseconds. @throws {CommandError} `invalid_request` */
export function parseTimeout(value: string): number {
  const parsedMs = parseDuration(/^\d+$/.test(value) ? Number(value) : value)
  if (parsedMs !== undefined && parsedMs > 0) return parsedMs
  throw new CommandError('invalid_request', `--timeout "${value}" must be a duration, like 30s, 5m, 2h or 1500 (ms)`)
}
