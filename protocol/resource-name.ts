/** The one rule for names of functions, stacks and bindings: they become host names, file names and variables. */
import { textWithin } from './text-within.js'

const RESOURCE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** What is wrong with a name, as a sentence that names it; `undefined` when it is right. */
export const resourceNameProblem = (kind: string, name: unknown): string | undefined =>
  typeof name === 'string' && RESOURCE_NAME.test(name)
    ? undefined
    : `${kind} name ${quote(name)} must be 1 to 63 lower-case letters, digits or "-", and start with a letter or digit`

const MAX_QUOTED_CHARS = 120

/** Any value as short, printable text for a message. Objects are named by kind only, never by content. */
export function quote(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(textWithin(value, MAX_QUOTED_CHARS))
  }
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'function') return 'a function'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
