import type { Kysely, Migration } from 'kysely'

/** How commands come to a deployment, as JSON; null where its agents pull them. */
async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('deployments').addColumn('transport', 'text').execute()
}

export const transports: Migration = { up }
