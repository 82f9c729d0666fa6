/** Which function of `./alien.ts` a command is about. */
import { resolve } from 'node:path'
import { CommandError } from '../../protocol/errors.js'
import { loadAlienFile, type ServedFunction } from '../../workers/load-alien-file.js'

/** The function of `./alien.ts` that is named, or the only one. @param verb What for, in the question which */
export async function declaredFunction(
  functionName: string | undefined,
  state: string,
  verb: string,
): Promise<ServedFunction> {
  const functions = await loadAlienFile(resolve('alien.ts'), state)
  const chosen = functionName === undefined ? functions : functions.filter(({ name }) => name === functionName)
  const [only] = chosen
  if (only && chosen.length === 1) return only
  const names = functions.map(({ name }) => `"${name}"`).join(', ')
  throw new CommandError('invalid_request', `which function to ${verb}? pass --function with one of ${names}`)
}
