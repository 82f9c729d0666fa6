import { Option } from 'commander'
import { parseDurationText } from '../protocol/duration.js'
import { CommandError } from '../protocol/errors.js'

/** A flag that is given a duration, in milliseconds; how long it may be is for the control plane to say. */
export const durationFlag = (flag: string, description: string): Option =>
  new Option(`${flag} <duration>`, description).argParser((value) => {
    const parsedMs = durationOf(value)
    if (parsedMs !== undefined) return parsedMs
    throw new CommandError('invalid_request', `${flag} "${value}" must be a duration, like 30s, 5m, 2h or 1500 (ms)`)
  })

/** In milliseconds; `undefined` when it is none. */
export function durationOf(value: string): number | undefined {
  const parsedMs = parseDurationText(value)
  return parsedMs !== undefined && parsedMs > 0 ? parsedMs : undefined
}
