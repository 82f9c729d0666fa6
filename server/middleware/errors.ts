/** The one error body: `{ error: { code, message, details?, requestId } }`. */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import { CommandError, ERROR_CODES } from '../../protocol/errors.js'
import { registryTrouble } from '../registry/registry-trouble.js'
import { temporalTrouble } from '../temporal-trouble.js'

export const notFound: RequestHandler = (request, response) => {
  const error = new CommandError('invalid_request', `no such endpoint: ${request.method} ${request.path}`, {
    requestId: String(response.locals['requestId']),
  })
  response.status(404).json({ error })
}

export function errorBody(log: Logger): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  return function sendError(thrown: unknown, request, response, next) {
    if (response.headersSent) {
      next(thrown)
      return
    }
    const requestId = String(response.locals['requestId'])
    const error = asCommandError(thrown)
    if (error.code === 'internal') log.error({ err: thrown, requestId, path: request.path }, 'request failed')
    setHeaders(response, error)
    // What a defect of ours looks like inside is for our log; the caller gets the id that finds it there.
    const message = error.code === 'internal' ? 'internal error; quote the request id to the operator' : error.message
    response.status(statusOf(error)).json({ error: { ...error.toBody(), message, requestId } })
  }
}

export function statusOf({ code }: CommandError): number {
  const { httpStatus } = ERROR_CODES[code]
  // A code that is an invocation's outcome is no answer to a request.
  return httpStatus === 200 ? 500 : httpStatus
}

function setHeaders(response: Response, { code }: CommandError): void {
  if (code === 'unauthenticated') response.set('www-authenticate', 'Bearer')
  if (ERROR_CODES[code].retryable === true && code !== 'internal' && !response.hasHeader('retry-after')) {
    response.set('retry-after', '1')
  }
}

export const asCommandError = (thrown: unknown): CommandError =>
  pathTrouble(thrown) ??
  bodyTrouble(thrown) ??
  temporalTrouble(thrown) ??
  registryTrouble(thrown) ??
  CommandError.from(thrown)

/** What Express's router throws for a path like `/%E0%A4`. Without its status, it would be a defect of ours. */
function pathTrouble(thrown: unknown): CommandError | undefined {
  if (!(thrown instanceof URIError) || (thrown as { status?: unknown }).status !== 400) return undefined
  return new CommandError('invalid_request', 'the path is not well encoded')
}

/** What Express's body parser throws. Its messages quote the body, so they are not passed on. */
function bodyTrouble(thrown: unknown): CommandError | undefined {
  const { type, limit } = (thrown instanceof Error ? thrown : {}) as { type?: unknown; limit?: number }
  switch (type) {
    case 'entity.too.large':
      return new CommandError('payload_too_large', `the request body is over the limit of ${limit ?? 0} bytes`, {
        details: { side: 'params', maxBytes: limit ?? 0 },
      })
    case 'entity.parse.failed':
      return new CommandError('invalid_request', 'the request body is not JSON')
    default:
      return typeof type === 'string' ? new CommandError('invalid_request', `bad request body: ${type}`) : undefined
  }
}
