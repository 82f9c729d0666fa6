import { join } from 'node:path'
import { sql, type Kysely } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../../bindings/scratch.testsuite.js'
import { openSqlite } from './open-sqlite.js'
import type { RegistrySchema } from './schema.js'
import { unsynced } from './unsynced.js'

/** SQLite's names for its numbers. */
const FULL = 2
const NORMAL = 1

async function synchronous(db: Kysely<RegistrySchema>): Promise<number | undefined> {
  const { rows } = await sql<{ synchronous: number }>`select synchronous from pragma_synchronous`.execute(db)
  return rows[0]?.synchronous
}

test('SQLite does not wait for the disk meanwhile, and does again after it, even when the write failed', async () => {
  const db = await openSqlite(join(await scratchDirectory(), 'registry.db'))
  onTestFinished(() => db.destroy())
  expect(await synchronous(db)).toBe(FULL)
  await unsynced(db, async (connection) => expect(await synchronous(connection)).toBe(NORMAL))
  expect(await synchronous(db)).toBe(FULL)
  await expect(unsynced(db, () => Promise.reject(new Error('no table')))).rejects.toThrow('no table')
  expect(await synchronous(db)).toBe(FULL)
})
