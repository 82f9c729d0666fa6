/** The journal's SQLite file: opened, checked, and begun anew when it is damaged. */
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Database } from 'libsql'
import { CommandError } from '../../protocol/errors.js'
import { useWriteAheadLog } from '../../protocol/write-ahead-log.js'

/** How long a write waits for another process, which blocks the event loop; writes take less than a millisecond. */
const BUSY_TIMEOUT_MS = 2_000

/** What SQLite may leave of its log between two uses of it. */
const MAX_IDLE_LOG_BYTES = 4 * 1024 * 1024

const PAGE_BYTES = 4_096

const SCHEMA = `create table if not exists runs (
  workflow_run_id text not null,
  run integer not null,
  invocation_id text not null,
  command text not null,
  attempt integer not null,
  at_most_once integer not null,
  owner text not null,
  started_at integer not null,
  ended_at integer,
  outcome text,
  primary key (workflow_run_id, run)
)`

/** @throws {CommandError} `invalid_request` when it cannot be had there, `unavailable` for what may pass */
export async function openDatabase(file: string, maxBytes: number, warn: (message: string) => void): Promise<Database> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    // Results are in it. SQLite would create it for all to read.
    await (await open(file, 'a', 0o600)).close()
    return await tryOpen(file, maxBytes).catch(async (error: unknown) => {
      if (!isDamaged(error)) throw error
      const aside = await moveAside(file)
      warn(
        `the agent's journal ${file} was damaged (${messageOf(error)}) and is now ${aside}; what ran before is not known any more`,
      )
      return tryOpen(file, maxBytes)
    })
  } catch (error) {
    throw new CommandError(
      mayPass(error) ? 'unavailable' : 'invalid_request',
      `the agent's journal ${file} cannot be opened: ${messageOf(error)}; it needs a folder that the agent may write to, see ALIEN_STATE_DIR`,
      { cause: error },
    )
  }
}

async function tryOpen(file: string, maxBytes: number): Promise<Database> {
  const { default: SqliteDatabase } = await import('libsql')
  const database = new SqliteDatabase(file)
  try {
    database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`)
    await useWriteAheadLog(database, BUSY_TIMEOUT_MS)
    database.exec(
      `pragma synchronous = normal; pragma journal_size_limit = ${MAX_IDLE_LOG_BYTES};
       pragma max_page_count = ${Math.floor(maxBytes / PAGE_BYTES)}`,
    )
    const { quick_check: check } = database.prepare('pragma quick_check(1)').get() as { quick_check: string }
    if (check !== 'ok') throw Object.assign(new Error(check), { code: 'SQLITE_CORRUPT' })
    database.exec(SCHEMA)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** A full disk, or another process that takes long. */
const mayPass = (error: unknown): boolean => /^(ENOSPC|EDQUOT|SQLITE_(FULL|BUSY|IOERR))/.test(codeOf(error))

const isDamaged = (error: unknown): boolean => /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error))

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)

/** Its log goes, for SQLite would apply it to the new one. */
async function moveAside(file: string): Promise<string> {
  const aside = `${file}.damaged-${Date.now()}`
  await rename(file, aside)
  await Promise.all(['-wal', '-shm'].map((suffix) => rm(file + suffix, { force: true })))
  await (await open(file, 'a', 0o600)).close()
  return aside
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
