/** `/v1/tokens`: API keys and agent tokens: create, list, revoke, rotate. */
import type { Request } from 'express'
import { z } from 'zod'
import { CommandError } from '../../protocol/errors.js'
import { describeIssues } from '../../protocol/issues.js'
import type { NewToken, RotatedToken, TokenInfo } from '../../protocol/tokens.js'
import { findDeployment } from '../identity/find-deployment.js'
import { bodyFields, pathParam } from '../request-fields.js'
import type { ApiKeyCall, Route } from '../route.js'
import { findToken, seesToken, tokenNotFound, tokensOf } from '../tokens/find-token.js'
import { parseOverlapMs, parseTokenRequest, type TokenRequest } from '../tokens/requests.js'

const named = (request: Request) => ({ tokenId: pathParam(request, 'id') })

const ADMIN = { credential: 'api-key', scope: 'admin', wholeDeployment: true } as const

export const TOKEN_ROUTES: readonly Route[] = [
  {
    ...ADMIN,
    method: 'POST',
    path: '/v1/tokens',
    action: 'tokens.create',
    mutates: true,
    claims: (request) => ({ deployment: bodyFields(request)['deployment'] }),
    handle: create,
  },
  { ...ADMIN, method: 'GET', path: '/v1/tokens', action: 'tokens.list', mutates: false, handle: list },
  {
    method: 'GET',
    path: '/v1/tokens/self',
    credential: 'api-key',
    scope: 'read',
    action: 'tokens.self',
    mutates: false,
    handle: describeSelf,
  },
  {
    ...ADMIN,
    method: 'DELETE',
    path: '/v1/tokens/:id',
    action: 'tokens.revoke',
    mutates: true,
    claims: named,
    handle: revoke,
  },
  {
    ...ADMIN,
    method: 'POST',
    path: '/v1/tokens/:id/rotate',
    action: 'tokens.rotate',
    mutates: true,
    claims: named,
    handle: rotate,
  },
]

async function create(call: ApiKeyCall): Promise<void> {
  const { id, token } = await make(call, parseTokenRequest(call.request.body))
  call.subject.isToken(id)
  const created: NewToken = { ...(await findToken(call, id)), token }
  call.response.status(201).json(created)
}

async function make(call: ApiKeyCall, request: TokenRequest): Promise<{ id: string; token: string }> {
  const { apiKeys, agentTokens } = call.deps.registry
  if (request.kind === 'agent-token') {
    const { id } = await findDeployment(call, request.deployment)
    return agentTokens.create(id, { name: request.name, expiresAt: request.expires })
  }
  const { name, expires, scopes, deployments, commands } = request
  if (!call.caller.access.everyDeployment) {
    throw new CommandError(
      'permission_denied',
      `the API key "${call.caller.name}" is limited to some deployments, and may make agent tokens of those only; use a key without that limit`,
    )
  }
  return apiKeys.create({ name, expiresAt: expires, rights: { scopes, deployments, commands } })
}

const listSchema = z.strictObject({ deployment: z.string().optional(), all: z.enum(['true', 'false']).optional() })

async function list(call: ApiKeyCall): Promise<void> {
  const { apiKeys, agentTokens } = call.deps.registry
  const parsed = listSchema.safeParse(call.request.query)
  if (!parsed.success) throw new CommandError('invalid_request', `bad query: ${describeIssues(parsed.error)}`)
  const { deployment, all } = parsed.data
  const wanted = deployment === undefined ? undefined : await findDeployment(call, deployment)
  const tokens: TokenInfo[] = [...(await apiKeys.list()), ...(await agentTokens.list())]
  call.response.json({
    tokens: tokens
      .filter((one) => seesToken(call.caller.access, one))
      .filter((one) => all === 'true' || one.status === 'active')
      .filter((one) => !wanted || (one.kind === 'agent-token' && one.deployment.id === wanted.id)),
  })
}

/** What the caller's own key may do. */
async function describeSelf({ deps, caller, response }: ApiKeyCall): Promise<void> {
  const info = await deps.registry.apiKeys.find(caller.tokenId)
  // Deleted from the database, while it is still believed.
  if (info === undefined) throw tokenNotFound(caller.tokenId)
  response.json(info)
}

async function revoke(call: ApiKeyCall): Promise<void> {
  const { id } = await findToken(call, pathParam(call.request, 'id'))
  await tokensOf(call.deps.registry, id).revoke(id)
  call.deps.authenticator.forget()
  call.response.json(await findToken(call, id))
}

async function rotate(call: ApiKeyCall): Promise<void> {
  const overlapMs = parseOverlapMs(call.request.body)
  const old = await findToken(call, pathParam(call.request, 'id'))
  const tokens = tokensOf(call.deps.registry, old.id)
  const successor = await tokens.rotate(old.id, overlapMs)
  if (successor === undefined) {
    throw new CommandError(
      'conflict',
      `the token ${old.id} is no longer good, so it cannot be rotated; make a new one with: alien tokens create`,
    )
  }
  call.deps.authenticator.forget()
  call.subject.madeToken(successor.id)
  const [created, replaces] = await Promise.all([successor.id, old.id].map((id) => tokens.find(id)))
  // Deleted meanwhile, with its deployment.
  if (!created || !replaces) throw tokenNotFound(old.id)
  const rotated: RotatedToken = { ...created, token: successor.token, replaces }
  call.response.status(201).json(rotated)
}
