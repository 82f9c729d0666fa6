/**
 * The registry's migrations, oldest first. Forward only: a released migration never changes, a mistake in it is undone
 * by the next one. And they only add, for the version before runs on while they do: it must find what it knows, and what it
 * writes must be enough. The name is kept in the database, and names must sort in the order of their making.
 */
import { Migrator, type Kysely, type Migration } from 'kysely'
import { CommandError } from '../../../protocol/errors.js'
import type { RegistrySchema } from '../schema.js'
import { initial } from './0001-initial.js'
import { sealingKeys } from './0003-sealing-keys.js'
import { identity } from './0004-identity.js'
import { agents } from './0005-agents.js'
import { auditCalls } from './0006-audit-calls.js'
import { sealingKeyEnds } from './0007-sealing-key-ends.js'
import { invocationEvents } from './0008-invocation-events.js'
import { transports } from './0009-transports.js'
import { manifestOutlines } from './0010-manifest-outlines.js'

export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
  '0003-sealing-keys': sealingKeys,
  '0004-identity': identity,
  '0005-agents': agents,
  '0006-audit-calls': auditCalls,
  '0007-sealing-key-ends': sealingKeyEnds,
  '0008-invocation-events': invocationEvents,
  '0009-transports': transports,
  '0010-manifest-outlines': manifestOutlines,
}

/**
 * Brings the database at `address` to this version's schema. Safe when several processes do it at once: one works, the others wait.
 *
 * @throws `conflict` when a newer version has migrated the database already.
 */
export async function migrate(db: Kysely<RegistrySchema>, address: string): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) } })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  if (error instanceof CommandError) throw error
  const unknown = await unknownMigration(db).catch(() => undefined)
  if (unknown !== undefined) {
    throw new CommandError(
      'conflict',
      `the registry at ${address} has migration "${unknown}", which this version lacks; run the newer version`,
    )
  }
  const reason = CommandError.from(error).message
  throw new CommandError('unavailable', `cannot migrate the registry at ${address}: ${reason}`, { cause: error })
}

async function unknownMigration(db: Kysely<RegistrySchema>): Promise<string | undefined> {
  return (await applied(db)).find((name) => !Object.hasOwn(MIGRATIONS, name))
}

async function applied(db: Kysely<RegistrySchema>): Promise<string[]> {
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .orderBy('name')
    .execute()
  return rows.map(({ name }) => name)
}

/** How a database differs from this version's schema, by the names of migrations. */
export interface MigrationState {
  readonly pending: readonly string[]
  /** Of a newer version. */
  readonly unknown: readonly string[]
}

/** Changes nothing. */
export async function migrationState(db: Kysely<RegistrySchema>): Promise<MigrationState> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  const done = tables.some(({ name }) => name === 'kysely_migration') ? await applied(db) : []
  return {
    pending: Object.keys(MIGRATIONS).filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !Object.hasOwn(MIGRATIONS, name)),
  }
}
