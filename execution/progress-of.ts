import { CommandError } from '../protocol/errors.js'
import type { ProgressReport } from '../protocol/events.js'
import { isPlainObject } from '../protocol/json.js'
import { MAX_PROGRESS_MESSAGE } from '../protocol/limits.js'

const KEYS: ReadonlySet<string> = new Set(['done', 'total', 'message'])

/**
 * What a handler gives to `progress`, checked, and a copy: the handler may go on with its own.
 *
 * @throws {CommandError} `invalid_request`, `payload_too_large`
 */
export function progressOf(command: string, report: unknown): ProgressReport {
  if (!isPlainObject(report)) throw bad(command, 'must be an object with done, total or message')
  for (const key of Object.keys(report)) {
    if (!KEYS.has(key)) throw bad(command, `has ${JSON.stringify(key)}; it may have done, total and message`)
  }
  const done = numberOf(command, 'done', report['done'])
  const total = numberOf(command, 'total', report['total'])
  const message = messageOf(command, report['message'])
  if (done !== undefined && total !== undefined && done > total) {
    throw bad(command, `has ${done} done of a total of ${total}; done must not be more`)
  }
  return {
    ...(done === undefined ? {} : { done }),
    ...(total === undefined ? {} : { total }),
    ...(message === undefined ? {} : { message }),
  }
}

function numberOf(command: string, name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  const given = typeof value === 'number' ? String(value) : `a ${typeof value}`
  throw bad(command, `has ${given} as ${name}; it must be a finite number, 0 or more`)
}

function messageOf(command: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw bad(command, `has a ${typeof value} as message; it must be text`)
  if (value.length <= MAX_PROGRESS_MESSAGE) return value
  throw new CommandError(
    'payload_too_large',
    `the progress of "${command}" has a message of ${value.length} characters, the limit is ${MAX_PROGRESS_MESSAGE}; say less, or log it`,
  )
}

const bad = (command: string, why: string): CommandError =>
  new CommandError('invalid_request', `the progress of "${command}" ${why}`)
