/**
 * Migrations while the version before still runs: what it writes and reads, by the names that it knows, works on after each of
 * them. The version before is here the tables as the migrations before made them.
 */
import type { Kysely } from 'kysely'
import { Migrator, sql } from 'kysely'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../../tests/support/postgres.js'
import { openPostgres } from '../open-postgres.js'
import { openSqlite } from '../open-sqlite.js'
import { MIGRATIONS } from './migrate.js'

let folder: string
let postgres: TestPostgres

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-migrations-'))
  postgres = await startPostgres()
})

afterAll(async () => {
  await postgres.stop()
  await rm(folder, { recursive: true })
})

const NAMES = Object.keys(MIGRATIONS)

type Row = Record<string, string | number>
type AnyTables = Kysely<Record<string, Row>>

interface Table {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly dataType: string }[]
}

/** Those that others refer to come first. */
const PARENTS = ['deployments', 'invocation_event_streams']

async function tablesOf(db: AnyTables): Promise<Table[]> {
  const rank = ({ name }: Table) => (PARENTS.includes(name) ? 0 : 1)
  return [...(await db.introspection.getTables())].sort((a, b) => rank(a) - rank(b))
}

/** All that is text has the same value, so that whatever refers to a row refers to this one. */
const rowOf = ({ columns }: Table, number: number): Row =>
  Object.fromEntries(
    columns.map(({ name, dataType }) => [name, /int|double|float/.test(dataType) ? number : `row-${number}`]),
  )

async function write(db: AnyTables, tables: readonly Table[], number: number): Promise<void> {
  for (const table of tables) await db.insertInto(table.name).values(rowOf(table, number)).execute()
}

async function expectRow(db: AnyTables, table: Table, number: number): Promise<void> {
  const wanted = rowOf(table, number)
  const [key = ''] = Object.keys(wanted)
  const rows = await db
    .selectFrom(table.name)
    .select(Object.keys(wanted))
    .where(sql.ref(key), '=', wanted[key] ?? '')
    .execute()
  expect(rows, table.name).toStrictEqual([wanted])
}

async function migrateTo(db: AnyTables, name: string): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) } })
  const { error } = await migrator.migrateTo(name)
  if (error !== undefined) throw error as Error
}

const ENGINES = {
  SQLite: (name: string) => openSqlite(join(folder, `${name}.db`)),
  PostgreSQL: async () => openPostgres(await postgres.createDatabase(), ''),
}

describe.each(Object.entries(ENGINES))('in %s', (_engine, open) => {
  test.each(NAMES.slice(1).map((name, index) => [name, NAMES[index] ?? '']))(
    '%s leaves what the version with %s knows',
    async (name, before) => {
      const db = (await open(name)) as unknown as AnyTables
      onTestFinished(() => db.destroy())
      await migrateTo(db, before)
      const known = await tablesOf(db)
      await write(db, known, 1)
      await migrateTo(db, name)
      for (const table of known) await expectRow(db, table, 1)
      await write(db, known, 2)
      for (const table of known) {
        await expectRow(db, table, 2)
        await db
          .updateTable(table.name)
          .set(rowOf(table, 2))
          .where(sql.ref(table.columns[0]?.name ?? ''), '=', 'row-2')
          .execute()
      }
      for (const { name: table } of [...known].reverse()) await db.deleteFrom(table).execute()
    },
  )
})
