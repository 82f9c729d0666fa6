/** Patterns of names, where `*` stands for any number of characters, none included. */

/** Whether the whole name fits. Takes time in proportion to both lengths, whatever the pattern. */
export function matchesGlob(pattern: string, name: string): boolean {
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop()
  if (tail === undefined) return name === pattern
  if (name.length < head.length + tail.length || !name.startsWith(head) || !name.endsWith(tail)) return false
  const middle = name.slice(head.length, name.length - tail.length)
  let from = 0
  // The leftmost place for each part leaves most to those that follow.
  return rest.every((part) => {
    const at = middle.indexOf(part, from)
    from = at + part.length
    return at !== -1
  })
}
