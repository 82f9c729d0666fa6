import type { Kysely } from 'kysely'
import type { AgentTokenInfo } from '../../protocol/tokens.js'
import { orDeploymentNotFound } from './foreign-key.js'
import type { AgentTokensTable, RegistrySchema } from './schema.js'
import { goodHashes, revokeToken, rotateToken } from './token-table.js'
import {
  factsOf,
  hashToken,
  isGood,
  isLive,
  lookupOf,
  newId,
  newToken,
  TOKEN_ID_PREFIXES,
  tokenColumns,
} from './tokens.js'

export interface NewAgentToken {
  /** What it is for, to people. Default: none. */
  readonly name?: string | undefined
  /** Default: never. */
  readonly expiresAt?: Date | null | undefined
}

export interface AgentToken {
  readonly tokenId: string
  readonly deployment: { readonly id: string; readonly name: string }
  /** Of its functions that ever published. */
  readonly functionNames: readonly string[]
  /** ISO 8601; `null`: never. */
  readonly expiresAt: string | null
}

/** The credentials of agents: each is good for one deployment. */
export class AgentTokens {
  readonly #db: Kysely<RegistrySchema>

  constructor(db: Kysely<RegistrySchema>) {
    this.#db = db
  }

  /** Adds a token; the deployment's earlier ones stay good. @throws `deployment_not_found`. */
  async create(
    deploymentId: string,
    { name = '', expiresAt = null }: NewAgentToken = {},
  ): Promise<{ id: string; token: string }> {
    const token = newToken('agent-token')
    const id = newId(TOKEN_ID_PREFIXES['agent-token'])
    const row = { ...tokenColumns(id, token, expiresAt), deployment_id: deploymentId, name }
    await orDeploymentNotFound(deploymentId, this.#db.insertInto('agent_tokens').values(row).execute())
    return { id, token }
  }

  /**
   * Whose agent has this token; `undefined` when nobody's, or it is revoked or expired. One question: every agent is
   * looked up anew whenever it polls.
   */
  async verify(token: string): Promise<AgentToken | undefined> {
    const hash = hashToken(token)
    const rows = await this.#withDeployment()
      .leftJoin('manifests', 'manifests.deployment_id', 'agent_tokens.deployment_id')
      .select('manifests.function_name')
      .where('token_lookup', '=', lookupOf(hash))
      // One that is no longer good is not even read, so that it takes no longer than one that never was.
      .where(isGood())
      .execute()
    const [row] = rows
    if (!isLive(row, hash)) return undefined
    return {
      tokenId: row.id,
      deployment: { id: row.deployment_id, name: row.deployment_name },
      functionNames: rows.flatMap(({ function_name }) => function_name ?? []),
      expiresAt: row.expires_at,
    }
  }

  /** Which of these are the hashes of tokens that {@link verify} takes. */
  goodHashes(hashes: readonly string[]): Promise<string[]> {
    return goodHashes(this.#db, 'agent_tokens', hashes)
  }

  /** All of them, newest first. */
  async list(): Promise<AgentTokenInfo[]> {
    return (await this.#withDeployment().orderBy('agent_tokens.created_at', 'desc').execute()).map(infoOf)
  }

  async find(id: string): Promise<AgentTokenInfo | undefined> {
    const row = await this.#withDeployment().where('agent_tokens.id', '=', id).executeTakeFirst()
    return row && infoOf(row)
  }

  /** Takes effect at once here, and elsewhere when a verification is not older. Again is no harm. */
  revoke(id: string): Promise<void> {
    return revokeToken(this.#db, 'agent_tokens', id)
  }

  /** Those of the tokens that are neither revoked nor expired, nor gone with their deployment. */
  async live(tokenIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.#db
      .selectFrom('agent_tokens')
      .select('id')
      .where('id', 'in', tokenIds)
      .where(isGood())
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

  /**
   * A new token of the same deployment and as long a life; the old one expires after `overlapMs`, unless it does so
   * sooner. `undefined` when there is no such token, or it is no longer good.
   */
  rotate(id: string, overlapMs: number): Promise<{ id: string; token: string } | undefined> {
    return rotateToken(this.#db, 'agent_tokens', id, overlapMs)
  }

  #withDeployment() {
    return this.#db
      .selectFrom('agent_tokens')
      .innerJoin('deployments', 'deployments.id', 'agent_tokens.deployment_id')
      .selectAll('agent_tokens')
      .select('deployments.name as deployment_name')
  }
}

const infoOf = (row: AgentTokensTable & { readonly deployment_name: string }): AgentTokenInfo => ({
  kind: 'agent-token',
  ...factsOf(row),
  deployment: { id: row.deployment_id, name: row.deployment_name },
})
