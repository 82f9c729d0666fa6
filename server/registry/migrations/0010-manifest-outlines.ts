import type { Kysely, Migration } from 'kysely'

/** Of each manifest what a call asks of it, so that nothing else of it is read for one, and which publication that is of. */
async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('manifests').addColumn('outline', 'text').execute()
  await db.schema.alterTable('manifests').addColumn('outlined_at', 'text').execute()
}

export const manifestOutlines: Migration = { up }
