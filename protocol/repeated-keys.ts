/**
 * Keys that the object of a JSON text has more than once, of which `JSON.parse` keeps the last without a word.
 *
 * @param json that `JSON.parse` takes
 */
export function repeatedKeys(json: string): string[] {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  let depth = 0
  for (const [token, text, bracket] of json.matchAll(TOKENS)) {
    if (bracket !== undefined) depth += bracket === '{' || bracket === '[' ? 1 : -1
    // Of the outermost value, only an object has names before a colon.
    if (depth !== 1 || text === undefined || !token.endsWith(':')) continue
    const key = JSON.parse(text) as string
    if (seen.has(key)) repeated.add(key)
    seen.add(key)
  }
  return [...repeated]
}

/** Strings, with the colon after a name, and brackets. All else has neither quotes nor brackets. */
const TOKENS = /("(?:[^"\\]|\\.)*")\s*:?|([[\]{}])/g
