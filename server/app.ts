/** The control plane's HTTP API. */
import express, { type Express } from 'express'
import helmet from 'helmet'
import type { Logger } from 'pino'
import { MAX_BODY_BYTES } from '../protocol/limits.js'
import type { InvocationDeps } from './invocations/service.js'
import { requireAgentToken, requireApiKey } from './middleware/authenticate.js'
import { errorBody, notFound } from './middleware/errors.js'
import { requestId } from './middleware/request-id.js'
import { agentRoutes } from './routes/agent.js'
import { deploymentRoutes } from './routes/deployments.js'
import { healthRoutes, type HealthDeps } from './routes/health.js'
import { invocationRoutes } from './routes/invocations.js'

export interface AppDeps extends InvocationDeps, HealthDeps {
  readonly log: Logger
}

export function createApp(deps: AppDeps): Express {
  const { registry, temporal, log } = deps
  const app = express()
  app.disable('x-powered-by')
  // Answers are never the same twice, and hashing each costs more than it saves.
  app.disable('etag')
  app.use(requestId, helmet())
  app.use(healthRoutes(deps))
  // Callers are known before a body is read.
  const json = express.json({ limit: MAX_BODY_BYTES, strict: false })
  const apiKey = requireApiKey(registry)
  app.use('/v1/agent', requireAgentToken(registry), json, agentRoutes(registry, temporal))
  app.use('/v1/invocations', apiKey, json, invocationRoutes(deps))
  app.use('/v1/deployments', apiKey, json, deploymentRoutes(registry))
  app.use(notFound)
  app.use(errorBody(log))
  return app
}
