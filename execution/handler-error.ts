/** What a handler threw, as far as it can travel. */
import type { HandlerError } from '../protocol/errors.js'
import { CommandError } from '../protocol/errors.js'
import { isPlainObject, type JsonValue } from '../protocol/json.js'
import { jsonDepth, MAX_JSON_DEPTH } from '../protocol/json-depth.js'
import { notADuration, parseDuration } from '../protocol/duration.js'
import { MAX_CHECKPOINT_BYTES, MAX_PAYLOAD_BYTES, MAX_RETRY_AFTER_MS } from '../protocol/limits.js'
import { RetryableError } from '../sdk/retryable-error.js'
import { withoutSecrets } from './without-secrets.js'

/** The attempt's checkpoint travels in the same failure. */
const MAX_ERROR_BYTES = MAX_PAYLOAD_BYTES - MAX_CHECKPOINT_BYTES
/** An error must be able to say what it is, however little the customer lets out. */
const MIN_ERROR_BYTES = 4_096
/** Less what it is put into on its way. */
const MAX_ERROR_DEPTH = MAX_JSON_DEPTH - 10

/**
 * The `command_failed` that the caller sees for whatever the handler threw.
 *
 * @param policyMaxBytes the customer's limit for results; what may not be returned may not be thrown either
 */
export function commandFailed(
  command: string,
  thrown: unknown,
  exposeStack: boolean,
  policyMaxBytes = Infinity,
): CommandError {
  const maxBytes = Math.min(MAX_ERROR_BYTES, Math.max(policyMaxBytes, MIN_ERROR_BYTES))
  // Before it is cut: half a secret would not be found any more.
  const described = withoutSecrets({ ...describe(thrown, exposeStack) }) as unknown as HandlerError
  const error = withinLimit(described, maxBytes)
  const kind = error.name === 'Error' ? '' : `${error.name}: `
  return new CommandError('command_failed', `"${command}" failed: ${kind}${error.message}`, {
    details: { ...error },
    cause: thrown,
  })
}

function describe(thrown: unknown, exposeStack: boolean): HandlerError {
  if (!(thrown instanceof Error) && !isErrorLike(thrown)) {
    const json = asJson(thrown)
    return {
      name: 'Error',
      message: `the handler threw a value that is no error: ${typeof thrown === 'string' ? thrown : typeof thrown}`,
      ...(json === undefined ? {} : { details: json }),
    }
  }
  // What handlers and their libraries put there is not always what the type says.
  const { name, message, code, details, stack } = thrown as Partial<Record<keyof HandlerError, unknown>>
  const detailsJson = asJson(details)
  const badPause = thrown instanceof RetryableError ? badPauseOf(thrown) : undefined
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: (typeof message === 'string' ? message : JSON.stringify(asJson(message) ?? null)) + (badPause ?? ''),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(detailsJson === undefined ? {} : { details: detailsJson }),
    ...(thrown instanceof RetryableError && badPause === undefined ? retryOf(thrown) : {}),
    ...(exposeStack && typeof stack === 'string' ? { stack } : {}),
  }
}

/** A pause that the handler's author did not mean is no reason to run it again, nor to lose what it threw. */
function badPauseOf({ retryAfter }: RetryableError): string | undefined {
  const pauseMs = retryAfter === undefined ? 0 : parseDuration(retryAfter)
  if (pauseMs !== undefined && pauseMs <= MAX_RETRY_AFTER_MS) return undefined
  return `; it was not run again, for its retryAfter ${notADuration(retryAfter, 0, MAX_RETRY_AFTER_MS)}`
}

function retryOf({ retryAfter }: RetryableError): Pick<HandlerError, 'retryable' | 'retryAfterMs'> {
  const retryAfterMs = parseDuration(retryAfter)
  return { retryable: true, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}

/** Errors of another realm, or of a library with its own base class. */
const isErrorLike = (value: unknown): value is Error =>
  isPlainObject(value) && typeof value['name'] === 'string' && typeof value['message'] === 'string'

function asJson(value: unknown): JsonValue | undefined {
  try {
    const text = JSON.stringify(value) as string | undefined
    return text === undefined ? undefined : (JSON.parse(text) as JsonValue)
  } catch {
    return undefined
  }
}

/** An error too large, or too deep, for its way would be lost whole; its message is worth more than its details. */
function withinLimit(error: HandlerError, maxBytes: number): HandlerError {
  const json = Buffer.from(JSON.stringify(error))
  // The message travels twice: in the failure's own message and in the details.
  const bytes = json.length + jsonBytesOf(error.message)
  if (bytes > maxBytes) {
    return beginningOf(error, maxBytes, `the error was ${bytes} bytes of JSON, the limit is ${maxBytes}`)
  }
  if (jsonDepth(json) <= MAX_ERROR_DEPTH) return error
  return beginningOf(error, maxBytes, `the error was nested more than ${MAX_ERROR_DEPTH} levels deep`)
}

/** Without the quotes around it. */
const jsonBytesOf = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2

function beginningOf(error: HandlerError, maxBytes: number, why: string): HandlerError {
  const { retryable, retryAfterMs } = error
  return {
    name: error.name.slice(0, 200),
    message: messageWithin(error.message, maxBytes),
    ...(typeof error.code === 'number' ? { code: error.code } : {}),
    ...(typeof error.code === 'string' ? { code: error.code.slice(0, 200) } : {}),
    ...(retryable === undefined ? {} : { retryable }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    details: `left out: ${why}`,
  }
}

/** So much of it that it fits twice, and leaves room for the rest. */
function messageWithin(message: string, maxBytes: number): string {
  const beginning = beginningOfText(message, maxBytes / 8)
  // A character may be six bytes of JSON.
  const kept = jsonBytesOf(beginning) <= (3 * maxBytes) / 8 ? beginning : beginningOfText(message, maxBytes / 48)
  return kept.length < message.length ? `${kept}…` : message
}

/** As a stream, so that a letter cut in two is left out. */
const beginningOfText = (text: string, bytes: number): string =>
  new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true })
