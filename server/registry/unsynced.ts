import { sql, SqliteAdapter, type Kysely } from 'kysely'
import type { RegistrySchema } from './schema.js'

/**
 * Runs writes that a loss of power may undo, though nothing less: SQLite then need not wait for the disk, which holds up
 * the whole process for milliseconds. PostgreSQL waits in a process of its own.
 */
export async function unsynced(
  db: Kysely<RegistrySchema>,
  write: (connection: Kysely<RegistrySchema>) => Promise<unknown>,
): Promise<void> {
  if (!(db.getExecutor().adapter instanceof SqliteAdapter)) {
    await write(db)
    return
  }
  await db.connection().execute(async (connection) => {
    await sql`pragma synchronous = normal`.execute(connection)
    try {
      await write(connection)
    } finally {
      await sql`pragma synchronous = full`.execute(connection)
    }
  })
}
