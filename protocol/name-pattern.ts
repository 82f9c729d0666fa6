/** Which names of commands or deployments a pattern means: letters as they are, `*` for any number of any characters. */

/** Names and `*`, so that a pattern in another notation is a mistake and not one that never matches. */
export const NAME_PATTERN = /^[A-Za-z0-9._*-]{1,100}$/

/** Case counts, as it does in names. Takes time linear in both, whatever the pattern. */
export function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.split('*')
  const [head = '', ...inner] = parts
  const tail = inner.pop()
  if (tail === undefined) return name === pattern
  const end = name.length - tail.length
  if (head.length > end || !name.startsWith(head) || !name.endsWith(tail)) return false
  let at = head.length
  for (const part of inner) {
    const found = name.indexOf(part, at)
    if (found === -1 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
