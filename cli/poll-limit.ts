import { CommandError } from '../protocol/errors.js'

const MAX_POLLS = 100_000

/** For `argParser`. @throws {CommandError} `invalid_request` */
export const parsePollLimit =
  (flag: string) =>
  (value: string): number => {
    const polls = Number(value)
    if (/^\d+$/.test(value) && polls >= 1 && polls <= MAX_POLLS) return polls
    throw new CommandError('invalid_request', `${flag} "${value}" must be a number of polls from 1 to ${MAX_POLLS}`)
  }
