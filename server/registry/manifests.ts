import type { Kysely } from 'kysely'
import type { ManifestCommand } from '../../protocol/manifest.js'
import { orDeploymentNotFound } from './foreign-key.js'
import type { RegistrySchema } from './schema.js'

export interface Manifest {
  /** `''` for the sole function of a deployment. */
  readonly functionName: string
  readonly commands: readonly ManifestCommand[]
  /** ISO 8601. */
  readonly publishedAt: string
}

/** The commands that each function of a deployment offers, as its agents published them last. */
export class Manifests {
  readonly #db: Kysely<RegistrySchema>

  constructor(db: Kysely<RegistrySchema>) {
    this.#db = db
  }

  /** Replaces what the function offered before. @throws `deployment_not_found`. */
  async publish(deploymentId: string, functionName: string, commands: readonly ManifestCommand[]): Promise<void> {
    const content = { commands: JSON.stringify(commands), published_at: new Date().toISOString() }
    const query = this.#db
      .insertInto('manifests')
      .values({ deployment_id: deploymentId, function_name: functionName, ...content })
      .onConflict((conflict) => conflict.columns(['deployment_id', 'function_name']).doUpdateSet(content))
    await orDeploymentNotFound(deploymentId, query.execute())
  }

  /** Of the functions that ever published. */
  async functionNames(deploymentId: string): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('manifests')
      .select('function_name')
      .where('deployment_id', '=', deploymentId)
      .execute()
    return rows.map((row) => row.function_name)
  }

  /** One for each function that ever published, in no particular order; none for an unknown deployment. */
  async forDeployment(deploymentId: string): Promise<Manifest[]> {
    const rows = await this.#db
      .selectFrom('manifests')
      .select(['function_name', 'commands', 'published_at'])
      .where('deployment_id', '=', deploymentId)
      .execute()
    return rows.map((row) => ({
      functionName: row.function_name,
      commands: JSON.parse(row.commands) as ManifestCommand[],
      publishedAt: row.published_at,
    }))
  }

  /** Of all deployments. */
  async commandNames(): Promise<Set<string>> {
    const rows = await this.#db.selectFrom('manifests').select('commands').execute()
    return new Set(rows.flatMap(({ commands }) => (JSON.parse(commands) as ManifestCommand[]).map(({ name }) => name)))
  }
}
