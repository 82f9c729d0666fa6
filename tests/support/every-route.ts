/** A good call of every route in the table, and something to call it on. */
import { ROUTES } from '../../server/route-table.js'
import type { Route } from '../../server/route.js'
import { callApi, type Answer } from './http.js'

/** A deployment, and all that belongs to it. No agent ever connects, so it takes every command. */
export interface Target {
  readonly name: string
  readonly id: string
  readonly agentToken: string
  readonly agentTokenId: string
  readonly invocationId: string
}

/** What says of a target that it is there. */
export const traces = ({ name, id, agentTokenId, invocationId }: Target): string[] => [
  name,
  id,
  agentTokenId,
  invocationId,
]

/** What is not there. */
export const NOWHERE: Target = {
  name: 'nowhere',
  id: 'dep_aaaaaaaaaaaaaaaaaaaa',
  agentToken: '',
  agentTokenId: 'agtid_aaaaaaaaaaaaaaaaaaaa',
  invocationId: 'inv_nowhere-0123456789abcdef',
}

interface Server {
  readonly url: string
  /** An API key for everything. */
  readonly token: string
}

let made = 0

export async function makeTarget(server: Server, prefix: string): Promise<Target> {
  const call = (path: string, body: unknown) => callApi(server, server.token, 'POST', path, body)
  const name = `${prefix}-${(made += 1)}`
  const created = await call('/v1/deployments', { name })
  const token = await call('/v1/tokens', { kind: 'agent-token', deployment: name })
  const invocation = await call('/v1/invocations', { deployment: name, command: 'generate-report' })
  return {
    name,
    id: created.body.id,
    agentToken: token.body.token,
    agentTokenId: token.body.id,
    invocationId: invocation.body.id,
  }
}

export const nameOf = ({ method, path }: Route): string => `${method} ${path}`

/** For `test.each`. */
export const routesThat = (fit: (route: Route) => boolean) =>
  ROUTES.filter(fit).map((route) => [nameOf(route), route] as const)

/** Path and body. What creates a deployment names a new one each time. */
const CALLS: Record<string, (target: Target) => { path: string; body?: unknown }> = {
  'GET /healthz': () => ({ path: '/healthz' }),
  'GET /readyz': () => ({ path: '/readyz' }),
  'POST /v1/agent/session': () => ({ path: '/v1/agent/session', body: { commands: [] } }),
  'GET /v1/agent/presence': () => ({ path: '/v1/agent/presence?key=any' }),
  'POST /v1/agent/events': () => ({ path: '/v1/agent/events', body: { batches: [] } }),
  'POST /v1/agent/heartbeats': () => ({ path: '/v1/agent/heartbeats', body: { attempts: [] } }),
  'POST /v1/invocations': ({ name }) => ({
    path: '/v1/invocations',
    body: { deployment: name, command: 'generate-report', params: { password: 'hunter2' } },
  }),
  'GET /v1/invocations': ({ name }) => ({ path: `/v1/invocations?deployment=${name}` }),
  'GET /v1/invocations/:id': ({ invocationId }) => ({ path: `/v1/invocations/${invocationId}` }),
  'POST /v1/invocations/:id/cancel': ({ invocationId }) => ({ path: `/v1/invocations/${invocationId}/cancel` }),
  'PUT /v1/invocations/:id/response': ({ invocationId }) => ({
    path: `/v1/invocations/${invocationId}/response`,
    body: { attempt: 1, status: 'succeeded', result: null },
  }),
  'POST /v1/invocations/:id/heartbeat': ({ invocationId }) => ({
    path: `/v1/invocations/${invocationId}/heartbeat`,
    body: { attempt: 1 },
  }),
  'GET /v1/invocations/:id/events': ({ invocationId }) => ({ path: `/v1/invocations/${invocationId}/events` }),
  'POST /v1/deployments': ({ name }) => ({ path: '/v1/deployments', body: { name: `${name}-new${(made += 1)}` } }),
  'GET /v1/deployments': () => ({ path: '/v1/deployments' }),
  'GET /v1/deployments/:deployment': ({ id }) => ({ path: `/v1/deployments/${id}` }),
  'DELETE /v1/deployments/:deployment': ({ name }) => ({ path: `/v1/deployments/${name}` }),
  'PUT /v1/deployments/:deployment/transport': ({ name }) => ({
    path: `/v1/deployments/${name}/transport`,
    body: { transport: { kind: 'pull' } },
  }),
  'GET /v1/deployments/:deployment/commands': ({ name }) => ({ path: `/v1/deployments/${name}/commands` }),
  'POST /v1/tokens': ({ name }) => ({ path: '/v1/tokens', body: { kind: 'agent-token', deployment: name } }),
  'GET /v1/tokens': () => ({ path: '/v1/tokens?all=true' }),
  'GET /v1/tokens/self': () => ({ path: '/v1/tokens/self' }),
  'DELETE /v1/tokens/:id': ({ agentTokenId }) => ({ path: `/v1/tokens/${agentTokenId}` }),
  'POST /v1/tokens/:id/rotate': ({ agentTokenId }) => ({ path: `/v1/tokens/${agentTokenId}/rotate` }),
  'POST /v1/sealing-keys/rotate': () => ({ path: '/v1/sealing-keys/rotate' }),
  'GET /v1/audit': () => ({ path: '/v1/audit' }),
}

/** @throws {Error} for a route that nobody thought of here */
export function callRoute(
  server: { readonly url: string },
  token: string | undefined,
  route: Route,
  target: Target,
): Promise<Answer> {
  const make = CALLS[nameOf(route)]
  if (!make) throw new Error(`${nameOf(route)} is not tried: add a good call of it to tests/support/every-route.ts`)
  const { path, body } = make(target)
  return callApi(server, token, route.method, path, body)
}
