/** Params and results against a command's Standard Schemas. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { CommandError } from '../protocol/errors.js'

/**
 * The schema's output for `value`.
 *
 * @throws {CommandError} `invalid_params` or `invalid_result`, listing each path with what was expected there
 */
export async function checkSchema(
  command: string,
  side: 'params' | 'result',
  schema: StandardSchemaV1 | undefined,
  value: unknown,
): Promise<unknown> {
  if (schema === undefined) return value
  const checked = await schema['~standard'].validate(value)
  if (checked.issues === undefined) return checked.value
  const issues = checked.issues.map((issue) => ({ path: pathOf(issue), message: issue.message }))
  const listed = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  throw new CommandError(
    side === 'params' ? 'invalid_params' : 'invalid_result',
    `the ${side} of "${command}" ${side === 'params' ? 'break' : 'breaks'} its schema: ${listed}`,
    { details: { issues } },
  )
}

/** `users[0].name` */
function pathOf(issue: StandardSchemaV1.Issue): string {
  const keys = (issue.path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment))
  return keys
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('')
}
