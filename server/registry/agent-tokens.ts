import type { Kysely } from 'kysely'
import { orDeploymentNotFound } from './foreign-key.js'
import type { RegistrySchema } from './schema.js'
import { hashToken, isLive, lookupOf, newId, newToken } from './tokens.js'

/** The credentials of agents: each is good for one deployment. */
export class AgentTokens {
  readonly #db: Kysely<RegistrySchema>

  constructor(db: Kysely<RegistrySchema>) {
    this.#db = db
  }

  /** Adds a token; the deployment's earlier ones stay good. @throws `deployment_not_found`. */
  async create(deploymentId: string): Promise<{ id: string; token: string }> {
    const token = newToken('agt')
    const hash = hashToken(token)
    const id = newId('agtid_')
    const row = {
      id,
      deployment_id: deploymentId,
      token_lookup: lookupOf(hash),
      token_hash: hash,
      created_at: new Date().toISOString(),
      expires_at: null,
      revoked_at: null,
    }
    await orDeploymentNotFound(deploymentId, this.#db.insertInto('agent_tokens').values(row).execute())
    return { id, token }
  }

  /** Whose agent has this token; `undefined` when nobody's, or it is revoked or expired. */
  async verify(token: string): Promise<{ deploymentId: string; tokenId: string } | undefined> {
    const hash = hashToken(token)
    const row = await this.#db
      .selectFrom('agent_tokens')
      .select(['id', 'deployment_id', 'token_hash', 'expires_at', 'revoked_at'])
      .where('token_lookup', '=', lookupOf(hash))
      .executeTakeFirst()
    return row && isLive(row, hash) ? { deploymentId: row.deployment_id, tokenId: row.id } : undefined
  }

  /** Those of the tokens that are neither revoked nor expired, nor gone with their deployment. */
  async live(tokenIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.#db
      .selectFrom('agent_tokens')
      .select('id')
      .where('id', 'in', tokenIds)
      .where('revoked_at', 'is', null)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', new Date().toISOString())]))
      .execute()
    return new Set(rows.map(({ id }) => id))
  }

  /** Revokes every token of a deployment and gives how many were still good. */
  async revokeAll(deploymentId: string): Promise<number> {
    const { numUpdatedRows } = await this.#db
      .updateTable('agent_tokens')
      .set({ revoked_at: new Date().toISOString() })
      .where('deployment_id', '=', deploymentId)
      .where('revoked_at', 'is', null)
      .executeTakeFirstOrThrow()
    return Number(numUpdatedRows)
  }
}
