import type { Kysely, Migration } from 'kysely'

async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('agents')
    .addColumn('deployment_id', 'text', (column) => column.notNull().references('deployments.id').onDelete('cascade'))
    .addColumn('agent_key', 'text', (column) => column.notNull())
    .addColumn('token_id', 'text', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('holder', 'text')
    .addColumn('last_seen_at', 'text', (column) => column.notNull())
    .addColumn('online_until', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('agents_key', ['deployment_id', 'agent_key'])
    .execute()
  await db.schema.createIndex('agents_holder').on('agents').column('holder').execute()
}

export const agents: Migration = { up }
