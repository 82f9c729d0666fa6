/** What is asked for by a part of its name. */

/** Those whose names have one of the texts. Ends the program with 2 when there are none: nothing tried is no success. */
export function chosen<Named extends { readonly name: string }>(
  what: string,
  all: readonly Named[],
  texts: readonly string[],
): readonly Named[] {
  const found = all.filter(({ name }) => texts.some((text) => name.includes(text)))
  if (found.length > 0) return found
  const names = all.map(({ name }) => `  ${name}`).join('\n')
  console.error(
    `error no ${what} has ${texts.map((text) => JSON.stringify(text)).join(' or ')} in its name; there are:\n${names}`,
  )
  process.exit(2)
}
