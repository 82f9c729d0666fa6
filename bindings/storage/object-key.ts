/**
 * The rules every storage key obeys, on every backend. Keys often come straight from a caller, so what could name
 * something outside the storage, or mean different things on different backends, is refused here and only here.
 */
import { quote } from '../../protocol/resource-name.js'
import { BindingError } from '../binding-error.js'

/** S3, GCS and Azure all stop at 1024. */
const MAX_KEY_BYTES = 1024

/**
 * A folder of this name is ours: the local backend keeps temporary files there, and `alien dev` its state, secrets
 * included, which a storage on the project's own folder must not serve. In any case, for file systems that ignore it.
 */
export const RESERVED_SEGMENT = '.alien'

const CONTROL_CHARACTER = /\p{Cc}/u
/** XML, in which S3 and Azure list, has no form for these two. */
const NO_XML_CHARACTER = /[\uFFFE\uFFFF]/
/** With the `u` flag this matches lone surrogates only: they have no UTF-8 form. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** The rule that `key` breaks, or `undefined`. */
export function keyProblem(key: unknown): string | undefined {
  if (typeof key !== 'string') return 'a key must be a string'
  if (key === '') return 'a key must not be empty'
  return textProblem(key) ?? segmentsProblem(key.split('/'))
}

/** The rule that a list's `prefix` breaks, or `undefined`. Its last segment may be any beginning of a segment. */
export function prefixProblem(prefix: unknown): string | undefined {
  if (typeof prefix !== 'string') return 'a prefix must be a string'
  return textProblem(prefix) ?? segmentsProblem(prefix.split('/').slice(0, -1))
}

function textProblem(key: string): string | undefined {
  if (LONE_SURROGATE.test(key)) return 'it must be well-formed Unicode'
  const bytes = Buffer.byteLength(key)
  if (bytes > MAX_KEY_BYTES) return `it must have at most ${MAX_KEY_BYTES} bytes, and has ${bytes}`
  if (key.startsWith('/')) return 'it must not start with "/"'
  if (key.includes('\\')) return 'it must not contain a backslash; separate segments with "/"'
  if (CONTROL_CHARACTER.test(key)) return 'it must not contain control characters'
  if (NO_XML_CHARACTER.test(key)) return 'it must not contain U+FFFE or U+FFFF'
  return undefined
}

function segmentsProblem(segments: readonly string[]): string | undefined {
  for (const segment of segments) {
    if (segment === '') return 'no segment between "/" may be empty'
    if (segment === '.' || segment === '..') return `no segment may be "${segment}"`
    if (isReserved(segment)) return `no segment may be "${segment}": the name is reserved`
  }
  return undefined
}

export const isReserved = (segment: string): boolean => segment.toLowerCase() === RESERVED_SEGMENT

/** @throws {BindingError} `invalid_key`, naming the key and the rule. */
export function assertKey(storageName: string, key: unknown): asserts key is string {
  const problem = keyProblem(key)
  if (problem !== undefined) throw invalidKey(storageName, 'key', key, problem)
}

/** @throws {BindingError} `invalid_key`, naming the prefix and the rule. */
export function assertPrefix(storageName: string, prefix: unknown): asserts prefix is string {
  const problem = prefixProblem(prefix)
  if (problem !== undefined) throw invalidKey(storageName, 'prefix', prefix, problem)
}

const invalidKey = (storageName: string, what: string, value: unknown, problem: string): BindingError =>
  new BindingError('invalid_key', `${what} ${quote(value)} in storage "${storageName}" is not allowed: ${problem}`)

/** How messages name an object. */
export const objectIn = (storageName: string, key: string): string => `object ${quote(key)} in storage "${storageName}"`
