/** How long an agent that is told to stop lets its handlers run on. */
import { parseDurationText } from '../protocol/duration.js'
import { CommandError } from '../protocol/errors.js'

export const DEFAULT_GRACE_MS = 10_000

const MAX_GRACE_MS = 86_400_000

/**
 * `--grace`, or `ALIEN_GRACE`, in milliseconds. Default: 10 s.
 *
 * @throws {CommandError} `invalid_request` for what is no duration up to a day
 */
export function parseGrace(value: string | undefined): number {
  if (!value) return DEFAULT_GRACE_MS
  const graceMs = parseDurationText(value)
  if (graceMs !== undefined && graceMs <= MAX_GRACE_MS) return graceMs
  throw new CommandError('invalid_request', `grace "${value}" must be a duration up to 1d, like "10s" or "5m"`)
}
