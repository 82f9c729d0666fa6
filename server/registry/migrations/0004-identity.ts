import type { Kysely, Migration } from 'kysely'

/** Rights of API keys, names of agent tokens, and the audit. */
async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['deployment_patterns', 'command_patterns']) {
    await db.schema
      .alterTable('api_keys')
      .addColumn(column, 'text', (text) => text.notNull().defaultTo('["*"]'))
      .execute()
  }
  await db.schema
    .alterTable('agent_tokens')
    .addColumn('name', 'text', (column) => column.notNull().defaultTo(''))
    .execute()

  await db.schema
    .createTable('audit')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('actor_kind', 'text', (column) => column.notNull())
    .addColumn('actor_id', 'text', (column) => column.notNull())
    .addColumn('actor_name', 'text')
    .addColumn('actor_deployment_id', 'text')
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('method', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('deployment_id', 'text')
    .addColumn('deployment_name', 'text')
    .addColumn('command', 'text')
    .addColumn('invocation_id', 'text')
    .addColumn('token_id', 'text')
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('status', 'integer', (column) => column.notNull())
    .addColumn('code', 'text')
    .addColumn('request_id', 'text', (column) => column.notNull())
    .execute()
  // Each with the id, by which they are then read newest first.
  for (const column of ['deployment_id', 'deployment_name', 'actor_id']) {
    await db.schema.createIndex(`audit_${column}`).on('audit').columns([column, 'id']).execute()
  }
}

export const identity: Migration = { up }
