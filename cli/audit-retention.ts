/** `--audit-retention` values. */
import { parseDuration } from '../protocol/duration.js'
import { CommandError } from '../protocol/errors.js'

/** In ms; 0: for ever. @throws {CommandError} `invalid_request` */
export function parseAuditRetention(value: string): number {
  const keepMs = parseDuration(value)
  if (keepMs !== undefined) return keepMs
  throw new CommandError(
    'invalid_request',
    `audit retention "${value}" must be a duration like "90d", or 0 to keep records for ever`,
  )
}
