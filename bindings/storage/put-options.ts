/** What callers may ask of `put`, checked strictly: a precondition that is misspelled must not be none. */
import { isPlainObject } from '../../protocol/json.js'
import { quote } from '../../protocol/resource-name.js'

const NAMES: readonly string[] = ['contentType', 'ifNotExists', 'ifMatch']

const CONTENT_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}( *;[ -~]{0,200})?$/

/** The rule that `options` break, or `undefined`. */
export function putOptionsProblem(options: unknown): string | undefined {
  if (!isPlainObject(options)) return `options must be an object, got ${quote(options)}`
  for (const name of Object.keys(options))
    if (!NAMES.includes(name)) return `unknown option ${quote(name)}; there are ${NAMES.map(quote).join(', ')}`
  const { contentType, ifNotExists = false, ifMatch } = options
  if (contentType !== undefined && !(typeof contentType === 'string' && CONTENT_TYPE.test(contentType))) {
    return `contentType ${quote(contentType)} is not a media type such as "text/plain"`
  }
  if (typeof ifNotExists !== 'boolean') return `ifNotExists must be true or false, got ${quote(ifNotExists)}`
  if (!('ifMatch' in options)) return undefined
  // Who names it wants to overwrite one version only, also when there turned out to be none.
  if (typeof ifMatch !== 'string' || ifMatch === '') {
    return `ifMatch must be the etag of an object, got ${quote(ifMatch)}; leave it out to overwrite any version`
  }
  return ifNotExists ? 'ifNotExists and ifMatch exclude each other; give one' : undefined
}
