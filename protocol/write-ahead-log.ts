/** The switch of a new SQLite file to its write-ahead log, which several processes may want to make at once. */
import { setTimeout as delay } from 'node:timers/promises'

const TRY_AGAIN_MS = 20

/**
 * SQLite waits out `busy_timeout` for a write of another process, but not here: it has read by then that the file needs
 * the switch, and whoever reads and wants to write is told at once that it is locked.
 *
 * @throws {Error} `SQLITE_BUSY` when it is locked for `withinMs`, and what else SQLite says
 */
export async function useWriteAheadLog(database: { exec: (sql: string) => unknown }, withinMs: number): Promise<void> {
  const endMs = Date.now() + withinMs
  for (;;) {
    try {
      database.exec('pragma journal_mode = wal')
      return
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'SQLITE_BUSY' || Date.now() >= endMs) throw error
    }
    await delay(TRY_AGAIN_MS)
  }
}
