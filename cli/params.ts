/** `--params`: JSON, `@file`, or `-` for stdin. */
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { CommandError } from '../protocol/errors.js'

/** @throws {CommandError} `invalid_request` when the file cannot be read or the text is not JSON */
export async function readParams(value: string | undefined): Promise<unknown> {
  if (value === undefined) return undefined
  const source = value === '-' ? 'stdin' : value.startsWith('@') ? value.slice(1) : '--params'
  const json = value === '-' ? await text(process.stdin) : value.startsWith('@') ? await fileText(source) : value
  try {
    return JSON.parse(json) as unknown
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : String(error)
    throw new CommandError(
      'invalid_request',
      `params from ${source} are not JSON: ${reason}; give JSON like '{"startDate": "2025-01-01"}', @file, or - for stdin`,
    )
  }
}

async function fileText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CommandError('invalid_request', `cannot read params from ${path}: ${code ?? String(error)}`)
  }
}
