export interface RetryableErrorOptions {
  /**
   * How long to wait before the next run, instead of the retry policy's interval: milliseconds or text like `"30s"`, at
   * most 1 day. With any other value it is not run again, and the caller is told why. (HTTP's `Retry-After` is in seconds.)
   */
  readonly retryAfter?: number | string | undefined
  /** To tell it from others; `nonRetryableCodes` of the policy still make it final. */
  readonly code?: string | number | undefined
  /** Facts for the caller; any JSON. */
  readonly details?: unknown
  readonly cause?: unknown
}

/**
 * What a handler throws when running it again may help. It is run again as often as the command's `retry.maxAttempts`
 * says, 10 times in all when neither the command nor the caller says anything, and never past the deadline. Of an
 * at-most-once command it is final like any other error.
 *
 * @example throw new RetryableError('the warehouse is busy', { retryAfter: '30s' })
 */
export class RetryableError extends Error {
  override readonly name: string = 'RetryableError'
  readonly retryAfter: number | string | undefined
  readonly code: string | number | undefined
  readonly details: unknown

  constructor(message: string, { retryAfter, code, details, cause }: RetryableErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.retryAfter = retryAfter
    this.code = code
    this.details = details
  }
}
