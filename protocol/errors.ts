/** The one error class, and the JSON that carries it. */
import type { ErrorCode } from './error-codes.js'
import type { JsonValue } from './json.js'

export { ERROR_CODES, isErrorCode, type ErrorCode } from './error-codes.js'

/** What a handler's error was, as far as it can travel. `stack` only when the command's policy allows it. */
export interface HandlerError {
  readonly name: string
  readonly message: string
  readonly code?: string | number
  readonly details?: JsonValue
  /** It was a `RetryableError`. */
  readonly retryable?: true
  /** The pause that it asked for. */
  readonly retryAfterMs?: number
  readonly stack?: string
}

/** The JSON form of a {@link CommandError}: in HTTP bodies, in Temporal failures, in `--json` output. */
export interface ErrorBody {
  readonly code: ErrorCode
  readonly message: string
  readonly details?: JsonValue
  readonly requestId?: string
}

interface CommandErrorOptions {
  readonly details?: JsonValue | undefined
  readonly requestId?: string | undefined
  readonly cause?: unknown
}

/**
 * The one error class of the product. Tell errors apart by `code`, never by message.
 *
 * Messages say which thing, which value, which bound and what to do; lower case, no secrets, no payloads.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: ErrorCode
  /** Facts that belong to the code, e.g. `{ nearest: [...] }`, or the {@link HandlerError} of a `command_failed`. */
  readonly details: JsonValue | undefined
  /** Id of the HTTP request that failed; what to quote to the operator of the control plane. */
  readonly requestId: string | undefined

  constructor(code: ErrorCode, message: string, options: CommandErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details
    this.requestId = options.requestId
  }

  /** Anything caught, as a `CommandError`: itself, or `internal` with the original as `cause`. */
  static from(thrown: unknown): CommandError {
    if (thrown instanceof CommandError) return thrown
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return new CommandError('internal', message, { cause: thrown })
  }

  static fromBody(body: ErrorBody): CommandError {
    return new CommandError(body.code, body.message, { details: body.details, requestId: body.requestId })
  }

  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.details === undefined ? {} : { details: this.details }),
      ...(this.requestId === undefined ? {} : { requestId: this.requestId }),
    }
  }

  toJSON(): ErrorBody {
    return this.toBody()
  }
}
