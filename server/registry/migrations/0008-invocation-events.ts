import type { Kysely, Migration } from 'kysely'

async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('invocation_event_streams')
    .addColumn('invocation_id', 'text', (column) => column.primaryKey().notNull())
    // Whole numbers to 2^53 on both engines; PostgreSQL's driver gives a bigint as text.
    .addColumn('last_seq', 'double precision', (column) => column.notNull())
    .addColumn('written_bytes', 'double precision', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('attempt_seq', 'integer', (column) => column.notNull())
    .addColumn('finished', 'integer', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('invocation_event_streams_updated_at')
    .on('invocation_event_streams')
    .column('updated_at')
    .execute()

  await db.schema
    .createTable('invocation_events')
    .addColumn('invocation_id', 'text', (column) =>
      column.notNull().references('invocation_event_streams.invocation_id').onDelete('cascade'),
    )
    .addColumn('last_seq', 'double precision', (column) => column.notNull())
    .addColumn('first_seq', 'double precision', (column) => column.notNull())
    .addColumn('end_bytes', 'double precision', (column) => column.notNull())
    .addColumn('events', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('invocation_events_key', ['invocation_id', 'last_seq'])
    .execute()
}

export const invocationEvents: Migration = { up }
