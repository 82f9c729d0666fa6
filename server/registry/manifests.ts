import type { Kysely, Transaction } from 'kysely'
import { CommandError } from '../../protocol/errors.js'
import { MAX_FUNCTIONS, MAX_MANIFEST_BYTES } from '../../protocol/limits.js'
import type { ManifestCommand } from '../../protocol/manifest.js'
import { deploymentNotFound } from './foreign-key.js'
import type { RegistrySchema } from './schema.js'

export interface Manifest {
  /** `''` for the sole function of a deployment. */
  readonly functionName: string
  readonly commands: readonly ManifestCommand[]
  /** ISO 8601. */
  readonly publishedAt: string
}

/** What a call asks of a manifest. */
interface Outline {
  /** Size of the manifest. */
  readonly bytes: number
  readonly commands: readonly CommandOutline[]
}

/** What a call asks of a command. Its schemas may be large, and are not for this side to check. */
export type CommandOutline = Pick<ManifestCommand, 'name' | 'policy'>

/** The commands that each function of a deployment offers, as its agents published them last. */
export class Manifests {
  readonly #db: Kysely<RegistrySchema>

  constructor(db: Kysely<RegistrySchema>) {
    this.#db = db
  }

  /**
   * Replaces what the function offered before.
   *
   * @returns whether that was something else
   * @throws `deployment_not_found`; `conflict` beyond {@link MAX_FUNCTIONS} or {@link MAX_MANIFEST_BYTES}
   */
  async publish(deploymentId: string, functionName: string, commands: readonly ManifestCommand[]): Promise<boolean> {
    const json = JSON.stringify(commands)
    const at = new Date().toISOString()
    const outline = outlineOf(json, commands)
    const times = { published_at: at, outlined_at: at }
    const content = { ...times, commands: json, outline: JSON.stringify(outline) }
    const same = await this.#db
      .updateTable('manifests')
      .set(times)
      .where('deployment_id', '=', deploymentId)
      .where('function_name', '=', functionName)
      .where('commands', '=', json)
      .where('outline', '=', content.outline)
      .executeTakeFirst()
    if (same.numUpdatedRows > 0n) return false
    await this.#db.transaction().execute(async (transaction) => {
      await lock(transaction, deploymentId)
      await assertRoom(transaction, { deploymentId, functionName, bytes: outline.bytes })
      await transaction
        .insertInto('manifests')
        .values({ deployment_id: deploymentId, function_name: functionName, ...content })
        .onConflict((conflict) => conflict.columns(['deployment_id', 'function_name']).doUpdateSet(content))
        .execute()
    })
    return true
  }

  /** What was published, until it is again. */
  async forget(deploymentId: string): Promise<void> {
    await this.#db.deleteFrom('manifests').where('deployment_id', '=', deploymentId).execute()
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

  /** As {@link forDeployment}, of each command only what a call asks for. */
  async outlinesOf(
    deploymentId: string,
  ): Promise<readonly { readonly functionName: string; readonly commands: readonly CommandOutline[] }[]> {
    return (await outlines(this.#db, deploymentId)).map(({ functionName, commands }) => ({ functionName, commands }))
  }

  /** Of all deployments. */
  async commandNames(): Promise<Set<string>> {
    return new Set((await outlines(this.#db)).flatMap(({ commands }) => commands.map(({ name }) => name)))
  }
}

const outlineOf = (json: string, commands: readonly ManifestCommand[]): Outline => ({
  bytes: Buffer.byteLength(json),
  commands: commands.map(({ name, policy }) => ({ name, policy })),
})

/** Of a deployment, or of all. */
async function outlines(
  db: Kysely<RegistrySchema>,
  deploymentId?: string,
): Promise<(Outline & { readonly functionName: string })[]> {
  const all = db.selectFrom('manifests').select((row) => [
    'function_name',
    'outline',
    // Read only where there is no outline of it.
    row
      .case()
      .when('outlined_at', '=', row.ref('published_at'))
      .then(null)
      .else(row.ref('commands'))
      .end()
      .as('unread'),
  ])
  const rows = await (deploymentId === undefined ? all : all.where('deployment_id', '=', deploymentId)).execute()
  return rows.map(({ function_name: functionName, outline, unread }) => ({
    functionName,
    ...(unread === null
      ? (JSON.parse(outline ?? '') as Outline)
      : outlineOf(unread, JSON.parse(unread) as ManifestCommand[])),
  }))
}

/** Who publishes for the same deployment waits, so that what is counted stays true. @throws `deployment_not_found` */
async function lock(transaction: Transaction<RegistrySchema>, deploymentId: string): Promise<void> {
  const { numUpdatedRows } = await transaction
    .updateTable('deployments')
    .set((row) => ({ id: row.ref('id') }))
    .where('id', '=', deploymentId)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw deploymentNotFound(deploymentId)
}

interface Publication {
  readonly deploymentId: string
  readonly functionName: string
  readonly bytes: number
}

/** @throws `conflict` */
async function assertRoom(
  transaction: Transaction<RegistrySchema>,
  { deploymentId, functionName, bytes }: Publication,
): Promise<void> {
  const others = (await outlines(transaction, deploymentId)).filter((other) => other.functionName !== functionName)
  if (others.length >= MAX_FUNCTIONS) {
    throw new CommandError(
      'conflict',
      `the deployment has ${others.length} functions already, and may have ${MAX_FUNCTIONS}; publish as one of those, which replaces it, or make another deployment`,
    )
  }
  const total = others.reduce((sum, other) => sum + other.bytes, bytes)
  if (total > MAX_MANIFEST_BYTES) {
    throw new CommandError(
      'conflict',
      `the commands of the deployment's functions would be ${total} bytes of JSON, and may be ${MAX_MANIFEST_BYTES}; make their schemas and descriptions shorter, or spread them over more deployments`,
    )
  }
}
