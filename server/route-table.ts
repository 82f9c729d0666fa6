import type { Route } from './route.js'
import { AGENT_ROUTES } from './routes/agent.js'
import { AUDIT_ROUTES } from './routes/audit.js'
import { DEPLOYMENT_ROUTES } from './routes/deployments.js'
import { HEALTH_ROUTES } from './routes/health.js'
import { INVOCATION_ROUTES } from './routes/invocations.js'
import { RESPONSE_ROUTES } from './routes/responses.js'
import { SEALING_KEY_ROUTES } from './routes/sealing-keys.js'
import { TOKEN_ROUTES } from './routes/tokens.js'

/** Every route of the HTTP API. There are no others, and `tests/authorization.test.ts` tries each with every token. */
export const ROUTES: readonly Route[] = [
  ...HEALTH_ROUTES,
  ...AGENT_ROUTES,
  ...INVOCATION_ROUTES,
  ...RESPONSE_ROUTES,
  ...DEPLOYMENT_ROUTES,
  ...TOKEN_ROUTES,
  ...SEALING_KEY_ROUTES,
  ...AUDIT_ROUTES,
]
