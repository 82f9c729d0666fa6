import type { Kysely } from 'kysely'
import type { RegistrySchema } from './schema.js'

/** An agent that polls, or did. */
export interface SeenAgent {
  readonly deploymentId: string
  /** What its worker calls itself: one for each start of an agent. */
  readonly key: string
  readonly tokenId: string
  readonly host: string
  readonly version: string
}

export interface AgentPresence {
  readonly host: string
  readonly version: string
  /** Whether it is receiving commands. */
  readonly online: boolean
  /** ISO 8601. */
  readonly lastSeenAt: string
}

/** Kept for each deployment: agents of earlier starts tell when one was there last, and no more. */
const MAX_KEPT = 20

/** Which agents are there, as the control planes that hold their polls tell each other. */
export class Agents {
  readonly #db: Kysely<RegistrySchema>

  constructor(db: Kysely<RegistrySchema>) {
    this.#db = db
  }

  /** @param holder the control plane that holds its polls */
  async arrived({ deploymentId, key, tokenId, host, version }: SeenAgent, holder: string, until: Date): Promise<void> {
    const seen = {
      token_id: tokenId,
      host,
      version,
      holder,
      last_seen_at: new Date().toISOString(),
      online_until: until.toISOString(),
    }
    await this.#db
      .insertInto('agents')
      .values({ deployment_id: deploymentId, agent_key: key, ...seen })
      .onConflict((conflict) => conflict.columns(['deployment_id', 'agent_key']).doUpdateSet(seen))
      .execute()
    await this.#forgetOldest(deploymentId)
  }

  /** All whose polls `holder` still holds. */
  async stay(holder: string, until: Date): Promise<void> {
    await this.#db
      .updateTable('agents')
      .set({ last_seen_at: new Date().toISOString(), online_until: until.toISOString() })
      .where('holder', '=', holder)
      .execute()
  }

  /** The agent with this key, or every one of `holder`. One that another control plane holds by now stays. */
  async left(holder: string, agent?: Pick<SeenAgent, 'deploymentId' | 'key'>): Promise<void> {
    let query = this.#db
      .updateTable('agents')
      .set({ holder: null, online_until: new Date().toISOString() })
      .where('holder', '=', holder)
    if (agent) query = query.where('deployment_id', '=', agent.deploymentId).where('agent_key', '=', agent.key)
    await query.execute()
  }

  /** Whether a control plane holds polls of the agent with this key, or heard of it just now. */
  async isOnline({ deploymentId, key }: Pick<SeenAgent, 'deploymentId' | 'key'>): Promise<boolean> {
    const row = await this.#db
      .selectFrom('agents')
      .select('online_until')
      .where('deployment_id', '=', deploymentId)
      .where('agent_key', '=', key)
      .executeTakeFirst()
    return row !== undefined && row.online_until > new Date().toISOString()
  }

  /** Of all deployments or of one, by its id; those seen last first. */
  async list(deploymentId?: string): Promise<Map<string, AgentPresence[]>> {
    const now = new Date().toISOString()
    let query = this.#db.selectFrom('agents').selectAll().orderBy('last_seen_at', 'desc')
    if (deploymentId !== undefined) query = query.where('deployment_id', '=', deploymentId)
    const rows = await query.execute()
    const byDeployment = new Map<string, AgentPresence[]>()
    for (const { deployment_id: id, host, version, last_seen_at: lastSeenAt, online_until: until } of rows) {
      const agents = byDeployment.get(id) ?? []
      agents.push({ host, version, online: until > now, lastSeenAt })
      byDeployment.set(id, agents)
    }
    return byDeployment
  }

  /**
   * Of the deployments that ever had an agent: how many have one online, and how many have none. Those that are pushed to
   * by now need none.
   */
  async countDeployments(): Promise<{ readonly online: number; readonly offline: number }> {
    const { online, all } = await this.#db
      .selectFrom('agents')
      .innerJoin('deployments', 'deployments.id', 'agents.deployment_id')
      .where('deployments.transport', 'is', null)
      .select(({ fn, eb }) => [
        fn
          .count<number | string>('deployment_id')
          .distinct()
          .filterWhere(eb('online_until', '>', new Date().toISOString()))
          .as('online'),
        fn.count<number | string>('deployment_id').distinct().as('all'),
      ])
      .executeTakeFirstOrThrow()
    // PostgreSQL gives counts as text.
    return { online: Number(online), offline: Number(all) - Number(online) }
  }

  async #forgetOldest(deploymentId: string): Promise<void> {
    await this.#db
      .deleteFrom('agents')
      .where('deployment_id', '=', deploymentId)
      .where('online_until', '<', new Date().toISOString())
      .where('agent_key', 'not in', (where) =>
        where
          .selectFrom('agents')
          .select('agent_key')
          .where('deployment_id', '=', deploymentId)
          .orderBy('last_seen_at', 'desc')
          .limit(MAX_KEPT),
      )
      .execute()
  }
}
