/**
 * What comes from the customer's side is not to drive the vendor's terminal: control characters (but for tab and
 * newline), and those that turn the direction of what follows them.
 */
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

export const printable = (text: string): string => text.replace(UNPRINTABLE, '\ufffd')

/** For a place of one line. */
export const printableLine = (text: string): string => printable(text).replace(/[\n\t]/g, ' ')

/** The same JSON: what is replaced can only stand in strings, where its escape says the same. */
export const printableJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
