/** Schema violations in one line. */
import type { z } from 'zod'
import { textWithin } from './text-within.js'

/** Names that somebody else chose are of any length, and there may be any number of them. */
const MAX_CHARS = 4_000

/** `retry.maxAttempts: 0 must be a whole number from 1 to 100; Unrecognized key: "timout"` */
export function describeIssues(error: z.ZodError): string {
  const text = error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`))
    .join('; ')
  return textWithin(text, MAX_CHARS)
}
