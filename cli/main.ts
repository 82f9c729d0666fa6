#!/usr/bin/env node
/** The process `alien`: the only place of the CLI that decides on exit codes. */
import { CommanderError } from 'commander'
import { CommandError, ERROR_CODES } from '../protocol/errors.js'
import { printJson, say, style } from './console.js'
import { createProgram } from './program.js'

/** Wrong flags and arguments: as for any other bad call. */
const USAGE_EXIT_CODE = ERROR_CODES.invalid_request.exitCode

try {
  await createProgram().parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

function report(thrown: unknown): number {
  // Commander has printed its own message, and a suggestion with it.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : USAGE_EXIT_CODE
  const error = CommandError.from(thrown)
  if (process.argv.includes('--json')) printJson({ error })
  const id = error.requestId === undefined ? '' : style.dim(` (request ${error.requestId})`)
  say(`${style.red(`error ${error.code}:`)} ${error.message}${id}`)
  return ERROR_CODES[error.code].exitCode
}
