/** How a text says yes or no, in a variable or a file; `undefined` for one that says neither. */
export function parseFlag(text: string): boolean | undefined {
  const value = text.toLowerCase()
  if (value === 'true' || value === '1') return true
  return value === 'false' || value === '0' ? false : undefined
}
