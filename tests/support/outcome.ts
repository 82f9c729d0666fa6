/** What came of commands: the lines their handlers left in a file, and the errors their callers saw. */
import { CommandError } from '@alienplatform/sdk/commands'
import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'

/** None while there is no file. */
export const lines = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')

/** The error's JSON form, which has all that a caller can see of it. */
export async function errorOf(work: Promise<unknown>): Promise<unknown> {
  const thrown = await work.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}`)
    },
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(CommandError)
  return (thrown as CommandError).toJSON()
}
