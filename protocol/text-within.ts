/** A text, or as much of its beginning as a message may hold. */
export const textWithin = (text: string, maxChars: number): string =>
  text.length > maxChars ? `${text.slice(0, maxChars)}…` : text
