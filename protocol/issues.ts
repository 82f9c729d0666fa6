/** Schema violations in one line. */
import type { z } from 'zod'

/** `retry.maxAttempts: 0 must be a whole number from 1 to 100; Unrecognized key: "timout"` */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`))
    .join('; ')
}
