import type { Kysely, Migration } from 'kysely'

/** Until when a sealing key that has a successor opens. */
async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('sealing_keys').addColumn('opens_until', 'text').execute()
}

export const sealingKeyEnds: Migration = { up }
