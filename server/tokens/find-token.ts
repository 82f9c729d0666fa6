import { CommandError } from '../../protocol/errors.js'
import type { TokenInfo } from '../../protocol/tokens.js'
import { isTokenId, TOKEN_ID_PREFIXES } from '../registry/tokens.js'
import type { Access } from '../identity/access.js'
import type { ApiKeyCall } from '../route.js'

/** API keys reach across deployments, so whoever has only some of them sees none. */
export const seesToken = (access: Access, token: TokenInfo): boolean =>
  token.kind === 'api-key' ? access.everyDeployment : access.seesDeployment(token.deployment)

/**
 * A token that the caller's key does not cover is as unknown as one that is not there.
 *
 * @throws {CommandError} `token_not_found`
 */
export async function findToken({ deps, caller, subject }: ApiKeyCall, id: string): Promise<TokenInfo> {
  const token = isTokenId(id) ? await tokensOf(deps.registry, id).find(id) : undefined
  if (token) {
    if (token.kind === 'agent-token') subject.isDeployment(token.deployment)
    if (seesToken(caller.access, token)) return token
    subject.deny()
  }
  throw tokenNotFound(id)
}

/** Where the tokens with such ids are kept. */
export const tokensOf = ({ apiKeys, agentTokens }: ApiKeyCall['deps']['registry'], id: string) =>
  id.startsWith(TOKEN_ID_PREFIXES['api-key']) ? apiKeys : agentTokens

export const tokenNotFound = (id: string): CommandError =>
  new CommandError(
    'token_not_found',
    `no API key or agent token has the id ${JSON.stringify(id)}; see those there are with: alien tokens list`,
  )
