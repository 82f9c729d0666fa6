#!/usr/bin/env node
/** The process `alien`: the only place of the CLI that decides on exit codes. */
import { CommanderError } from 'commander'
import { CommandError, ERROR_CODES } from '../protocol/errors.js'
import { printJson, say, style } from './console.js'
import { printable } from './printable.js'
import { createProgram } from './program.js'

/** Wrong flags and arguments: as for any other bad call. */
const USAGE_EXIT_CODE = ERROR_CODES.invalid_request.exitCode

const wantsJson = process.argv.includes('--json')

try {
  await createProgram().parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

function report(thrown: unknown): number {
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return 0
    // For people, commander has printed its own message, and a suggestion with it.
    if (wantsJson) printJson({ error: usageError(thrown) })
    return USAGE_EXIT_CODE
  }
  const error = CommandError.from(thrown)
  if (wantsJson) printJson({ error })
  const id = error.requestId === undefined ? '' : style.dim(` (request ${error.requestId})`)
  say(`${style.red(`error ${error.code}:`)} ${printable(error.message)}${id}`)
  return ERROR_CODES[error.code].exitCode
}

function usageError({ code, message }: CommanderError): CommandError {
  const what = code === 'commander.help' ? 'a command is missing; see --help' : message.replace(/^error: /, '')
  return new CommandError('invalid_request', what.replaceAll('\n', ' '))
}
