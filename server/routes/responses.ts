/** What handler runtimes of push deployments report of their attempts. */
import { pathParam } from '../request-fields.js'
import { receiveHeartbeat, receiveResponse } from '../push/receive.js'
import type { Route } from '../route.js'

export const RESPONSE_ROUTES: readonly Route[] = [
  {
    method: 'PUT',
    path: '/v1/invocations/:id/response',
    credential: 'response-token',
    invocationId: (request) => pathParam(request, 'id'),
    handle: receiveResponse,
  },
  {
    method: 'POST',
    path: '/v1/invocations/:id/heartbeat',
    credential: 'response-token',
    invocationId: (request) => pathParam(request, 'id'),
    handle: receiveHeartbeat,
  },
]
