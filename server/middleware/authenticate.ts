/** Who is calling: an API key for the vendor's side, an agent token for a deployment's agents. */
import type { Request, RequestHandler, Response } from 'express'
import { CommandError } from '../../protocol/errors.js'
import type { Registry } from '../registry/open-registry.js'

/** @throws {CommandError} `unauthenticated` */
export function requireApiKey({ apiKeys }: Registry): RequestHandler {
  return async function apiKey(request, _response, next) {
    if ((await apiKeys.verify(bearerToken(request, 'key'))) === undefined) throw refusal('API key')
    next()
  }
}

/** Sets `response.locals.deploymentId`. @throws {CommandError} `unauthenticated` */
export function requireAgentToken({ agentTokens }: Registry): RequestHandler {
  return async function agentToken(request, response, next) {
    const verified = await agentTokens.verify(bearerToken(request, 'agt'))
    if (verified === undefined) throw refusal('agent token')
    response.locals['deploymentId'] = verified.deploymentId
    next()
  }
}

/** The deployment that {@link requireAgentToken} found. */
export const authenticatedDeployment = (response: Response): string => String(response.locals['deploymentId'])

function bearerToken(request: Request, kind: 'key' | 'agt'): string {
  const [scheme, token] = (request.get('authorization') ?? '').split(' ')
  if (scheme?.toLowerCase() === 'bearer' && token) return token
  throw new CommandError('unauthenticated', `a token is required: send the header "authorization: Bearer ${kind}_…"`)
}

const refusal = (what: string): CommandError =>
  new CommandError('unauthenticated', `the ${what} is not valid: it is unknown, expired or revoked`)
