/** The control plane's HTTP API: what is in the table of routes, and nothing else. */
import express, { type Express } from 'express'
import helmet from 'helmet'
import { errorBody, notFound } from './middleware/errors.js'
import { requestId } from './middleware/request-id.js'
import { timeRequests } from './middleware/time-requests.js'
import { ROUTES } from './route-table.js'
import { serve } from './serve.js'
import type { ServerDeps } from './server-deps.js'
import type { TrustsProxy } from '../protocol/trust-proxy.js'

/** @param trustsProxy whose `x-forwarded-for` says who calls */
export function createApp(deps: ServerDeps, trustsProxy: TrustsProxy): Express {
  const app = express()
  app.disable('x-powered-by')
  // Answers are never the same twice, and hashing each costs more than it saves.
  app.disable('etag')
  app.set('trust proxy', trustsProxy)
  app.use(requestId, timeRequests(deps.metrics), helmet())
  for (const route of ROUTES) {
    const method = route.method.toLowerCase() as Lowercase<typeof route.method>
    app[method](route.path, serve(route, deps))
  }
  app.use(notFound)
  app.use(errorBody(deps.log))
  return app
}
