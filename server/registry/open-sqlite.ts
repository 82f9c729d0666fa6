/** The registry in one SQLite file: for development and for a control plane of one process. */
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  CompiledQuery,
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type SqliteDatabase,
  type SqliteDialectConfig,
  type SqliteStatement,
} from 'kysely'
import { useWriteAheadLog } from '../../protocol/write-ahead-log.js'
import type { RegistrySchema } from './schema.js'

/** How long a write waits for another process. The wait blocks the event loop, yet writes are rare and short. */
const BUSY_TIMEOUT_MS = 5_000

/** Only the owner may read the file: it tells who the vendor's customers are. */
export async function openSqlite(file: string): Promise<Kysely<RegistrySchema>> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  // SQLite would create it for all to read; its -wal and -shm files take the mode of the file.
  await (await open(file, 'a', 0o600)).close()
  const { default: Database } = await import('libsql')
  const database = new Database(file)
  try {
    database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}; pragma foreign_keys = on`)
    await useWriteAheadLog(database, BUSY_TIMEOUT_MS)
  } catch (error) {
    database.close()
    throw error
  }
  return new Kysely({ dialect: new RegistrySqliteDialect({ database: preparedOnce(database) }) })
}

/** More than the queries of this folder have forms; those that depend on what is filtered by have many. */
const MAX_PREPARED = 500

/** Prepares each text of SQL once: parsing costs more than a look-up. */
function preparedOnce(database: SqliteDatabase): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>()
  return {
    prepare(sql) {
      let statement = statements.get(sql)
      if (!statement) {
        if (statements.size >= MAX_PREPARED) statements.clear()
        statements.set(sql, (statement = database.prepare(sql)))
      }
      return statement
    },
    close: () => database.close(),
  }
}

/**
 * Kysely's dialect leaves migrations unguarded against a second process and outside a transaction. Here a transaction
 * takes the write lock when it begins, and migrations run in one.
 */
class RegistrySqliteDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig

  constructor(config: SqliteDialectConfig) {
    super(config)
    this.#config = config
  }

  override createDriver(): SqliteDriver {
    return new ImmediateDriver(this.#config)
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter()
  }
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}
