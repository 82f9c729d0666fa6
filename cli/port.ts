/** `--port` values. */
import { CommandError } from '../protocol/errors.js'

/** @throws {CommandError} `invalid_request` */
export function parsePort(value: string): number {
  const port = Number(value)
  if (/^\d+$/.test(value) && port <= 65_535) return port
  throw new CommandError('invalid_request', `port "${value}" must be a number from 0 (a free one) to 65535`)
}
