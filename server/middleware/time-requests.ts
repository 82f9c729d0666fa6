/** How long each request to the API took, and what its answer was. */
import type { Request, RequestHandler } from 'express'
import type { Metrics } from '../../observability/metrics.js'
import { OTHER } from '../../observability/bounded-names.js'

/** As nginx has it: the client was gone before its answer was. */
const CLIENT_GONE = '499'

export function timeRequests({ httpSeconds }: Pick<Metrics, 'httpSeconds'>): RequestHandler {
  return function timeRequest(request, response, next) {
    const startMs = performance.now()
    response.once('close', () => {
      const status = response.writableFinished ? String(response.statusCode) : CLIENT_GONE
      const route = routeOf(request)
      const method = route === OTHER ? OTHER : request.method
      httpSeconds.record((performance.now() - startMs) / 1_000, { method, route, status })
    })
    next()
  }
}

/** As the table of routes has it: a path has ids in it. */
const routeOf = ({ route }: Request): string => (route as { path?: string } | undefined)?.path ?? OTHER
