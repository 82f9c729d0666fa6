/** Reads the text of a policy file; every mistake in it is told with its place and what belongs there. */
import type { z } from 'zod'
import { customerPolicySchema, type CustomerPolicy } from './customer-policy.js'
import { CommandError } from './errors.js'
import { jsonProblem } from './json.js'
import { repeatedKeys } from './repeated-keys.js'
import { nearest } from './suggest.js'

/**
 * @param file for messages
 * @throws {CommandError} `invalid_request` listing each JSON path with what was expected there
 */
export function parseCustomerPolicy(text: string, file: string): CustomerPolicy {
  const parsed = customerPolicySchema.safeParse(parseJson(text, file))
  const found = [
    ...(parsed.success ? [] : parsed.error.issues.flatMap(problems)),
    // What the first one denies, the last one would allow.
    ...repeatedKeys(text).map((key) => `${pathOf([key])}: given more than once; put all of it in one`),
  ]
  if (parsed.success && found.length === 0) return Object.freeze(parsed.data)
  throw new CommandError('invalid_request', `policy file ${file}: ${found.join('; ')}`)
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new CommandError('invalid_request', `policy file ${file} is not JSON: ${jsonProblem(error)}`, {
      cause: error,
    })
  }
}

function problems(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${pathOf([key])}: unknown key; ${hint(key)}`)
  return [`${pathOf(issue.path)}: ${issue.message}`]
}

/** `$.allow[2]`, as JSON path has it. */
const pathOf = (path: readonly PropertyKey[]): string =>
  `$${path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')}`

function hint(key: string): string {
  const keys = Object.keys(customerPolicySchema.shape)
  const [like] = nearest(key, keys, 1)
  return like === undefined ? `known are ${keys.map((known) => `"${known}"`).join(', ')}` : `the nearest is "${like}"`
}
