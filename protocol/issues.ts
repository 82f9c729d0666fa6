/** Schema violations in one line. */
import type { z } from 'zod'

/** `retry.maxAttempts: Too small: expected number to be >=1; timout: Unrecognized key` */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`))
    .join('; ')
}
