/** Keeps the journal within its bounds. */
import type { Database } from 'libsql'

export interface JournalLimits {
  readonly maxRows: number
  /** Of the file itself; what SQLite writes ahead of it comes to a few MB more. */
  readonly maxBytes: number
  /** How long a finished run is remembered. A run that never finished stays until it is in the way. */
  readonly retentionMs: number
}

/** Room made at once when there is none, so that it is not made for each row. */
const TARGET_FILL = 0.8

/** In the order of J3: who goes first. */
const GOES_FIRST = `select rowid from runs
  order by (outcome is null) * (1 + at_most_once), started_at, rowid limit ?`

export function pruneJournal(database: Database, limits: JournalLimits, nowMs: number): void {
  database.prepare('delete from runs where ended_at < ?').run(nowMs - limits.retentionMs)
  const count = countOf(database)
  if (count > limits.maxRows) drop(database, count - limits.maxRows)
  while (usedBytes(database) > limits.maxBytes * TARGET_FILL) {
    const rows = countOf(database)
    // The last row is the one that is being written for.
    if (rows <= 1) return
    drop(database, Math.ceil(rows / 10))
  }
}

function drop(database: Database, rows: number): void {
  database.prepare(`delete from runs where rowid in (${GOES_FIRST})`).run(rows)
}

const countOf = (database: Database): number => numberOf(database, 'select count(*) as value from runs')

function usedBytes(database: Database): number {
  const pages = numberOf(database, 'select page_count as value from pragma_page_count')
  const free = numberOf(database, 'select freelist_count as value from pragma_freelist_count')
  const pageBytes = numberOf(database, 'select page_size as value from pragma_page_size')
  return (pages - free) * pageBytes
}

const numberOf = (database: Database, sql: string): number => (database.prepare(sql).get() as { value: number }).value
