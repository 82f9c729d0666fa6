/** Gives every request an id: the caller's `x-request-id` when it is a sane one, else a new one. */
import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'

const SANE_ID = /^[A-Za-z0-9._-]{1,128}$/

export const requestId: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id')
  const id = given !== undefined && SANE_ID.test(given) ? given : `req_${randomUUID()}`
  response.locals['requestId'] = id
  response.set('x-request-id', id)
  next()
}
