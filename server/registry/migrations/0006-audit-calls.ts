import type { Kysely, Migration } from 'kysely'

/** How many calls a record of the audit is about. */
async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('audit')
    .addColumn('calls', 'integer', (column) => column.notNull().defaultTo(1))
    .execute()
}

export const auditCalls: Migration = { up }
