import type { CreateTableBuilder, Kysely, Migration } from 'kysely'

const tokenColumns = <T extends string>(table: CreateTableBuilder<T>) =>
  table
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('token_lookup', 'text', (column) => column.notNull().unique())
    .addColumn('token_hash', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text')
    .addColumn('revoked_at', 'text')

async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('deployments')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute()

  await tokenColumns(db.schema.createTable('api_keys'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('scopes', 'text', (column) => column.notNull())
    .execute()

  await tokenColumns(db.schema.createTable('agent_tokens'))
    .addColumn('deployment_id', 'text', (column) => column.notNull().references('deployments.id').onDelete('cascade'))
    .execute()
  await db.schema.createIndex('agent_tokens_deployment').on('agent_tokens').column('deployment_id').execute()

  await db.schema
    .createTable('manifests')
    .addColumn('deployment_id', 'text', (column) => column.notNull().references('deployments.id').onDelete('cascade'))
    .addColumn('function_name', 'text', (column) => column.notNull())
    .addColumn('commands', 'text', (column) => column.notNull())
    .addColumn('published_at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('manifests_key', ['deployment_id', 'function_name'])
    .execute()
}

export const initial: Migration = { up }
