/**
 * The agent's memory of what it ran: one row for each run of a handler, written before the handler is entered and
 * again before its outcome is reported. A redelivered attempt is answered from it.
 *
 *   (no row) ──begin──► started ──end──► finished
 *
 * Invariants:
 *  J1  a run that may happen at most once is on the disk before its handler is entered
 *  J2  a run that was begun anew belongs to the process that began it last; another's outcome changes nothing
 *  J3  the rows of finished runs go before those of started ones, and those of at-most-once runs last
 *
 * Several processes may share one file. Rows are with the operating system when a call returns, so they outlive a
 * killed process; only J1's are forced to the disk, since after a power failure any other run may happen again.
 */
import { randomUUID } from 'node:crypto'
import type { Database, Statement } from 'libsql'
import { CommandError, type ErrorBody } from '../../protocol/errors.js'
import { openDatabase } from './open-database.js'
import { pruneJournal, type JournalLimits } from './prune-journal.js'

/** Which run of which invocation. An invocation's id alone may be used again once Temporal has forgotten it. */
export interface RunKey {
  readonly workflowRunId: string
  /** 1 for the invocation's first run of the handler; redeliveries of a run have its number. */
  readonly run: number
}

/** What a run came to. */
export type RunOutcome =
  /** `text` is the result's JSON. */
  { readonly kind: 'succeeded'; readonly text: string } | { readonly kind: 'failed'; readonly error: ErrorBody }

type JournalEntry =
  | { readonly state: 'started'; readonly attempt: number; readonly startedAt: Date }
  | { readonly state: 'finished'; readonly outcome: RunOutcome }

/** What is noted of a run before its handler is entered. */
export interface RunStart {
  readonly invocationId: string
  readonly command: string
  readonly attempt: number
  readonly atMostOnce: boolean
}

export interface Journal {
  /** @throws {CommandError} `unavailable` when it cannot be read */
  readonly find: (key: RunKey) => JournalEntry | undefined
  /** @throws {CommandError} `unavailable` when it cannot be written, a full disk for one: nothing may be run then */
  readonly begin: (key: RunKey, start: RunStart) => void
  /** @throws {CommandError} `unavailable` as `begin` does; the run stays started then */
  readonly end: (key: RunKey, outcome: RunOutcome) => void
  readonly close: () => void
}

/** Between two looks at what may go. */
const BEGINS_PER_PRUNE = 64

const INSERT = `insert into runs (workflow_run_id, run, invocation_id, command, attempt, at_most_once, owner, started_at)
  values (?, ?, ?, ?, ?, ?, ?, ?)
  on conflict do update set attempt = excluded.attempt, owner = excluded.owner, started_at = excluded.started_at,
    ended_at = null, outcome = null`
const UPDATE = 'update runs set ended_at = ?, outcome = ? where workflow_run_id = ? and run = ? and owner = ?'
const SELECT = 'select attempt, started_at, outcome from runs where workflow_run_id = ? and run = ?'

interface Row {
  readonly attempt: number
  readonly started_at: number
  readonly outcome: string | null
}

class SqliteJournal implements Journal {
  readonly #file: string
  readonly #database: Database
  readonly #limits: JournalLimits
  readonly #owner = randomUUID()
  readonly #insert: Statement
  readonly #update: Statement
  readonly #select: Statement
  #begins = 0

  constructor(file: string, database: Database, limits: JournalLimits) {
    this.#file = file
    this.#database = database
    this.#limits = limits
    this.#insert = database.prepare(INSERT)
    this.#update = database.prepare(UPDATE)
    this.#select = database.prepare(SELECT)
  }

  find({ workflowRunId, run }: RunKey): JournalEntry | undefined {
    const row = this.#try('read', () => this.#select.get(workflowRunId, run) as Row | undefined)
    if (row === undefined) return undefined
    if (row.outcome !== null) return { state: 'finished', outcome: JSON.parse(row.outcome) as RunOutcome }
    return { state: 'started', attempt: row.attempt, startedAt: new Date(row.started_at) }
  }

  begin({ workflowRunId, run }: RunKey, { invocationId, command, attempt, atMostOnce }: RunStart): void {
    if ((this.#begins += 1) % BEGINS_PER_PRUNE === 0) this.#try('written', () => this.#prune())
    const values = [workflowRunId, run, invocationId, command, attempt, atMostOnce ? 1 : 0, this.#owner, Date.now()]
    this.#write(atMostOnce, () => this.#insert.run(...values))
  }

  end({ workflowRunId, run }: RunKey, outcome: RunOutcome): void {
    const text = JSON.stringify(outcome)
    this.#write(false, () => this.#update.run(Date.now(), text, workflowRunId, run, this.#owner))
  }

  close(): void {
    try {
      // For whoever looks at the file to find it in one piece. Nothing is lost where that is not to be had.
      this.#database.exec('pragma wal_checkpoint(truncate)')
    } catch {
      // A full disk, or it is closed already.
    } finally {
      this.#database.close()
    }
  }

  #prune(): void {
    pruneJournal(this.#database, this.#limits, Date.now())
  }

  #write(forced: boolean, write: () => void): void {
    this.#try('written', () => {
      if (forced) this.#database.exec('pragma synchronous = full')
      try {
        write()
      } catch (error) {
        if (!isFull(error)) throw error
        // What may go makes room, unless it is the disk that is full.
        this.#prune()
        write()
      } finally {
        if (forced) this.#database.exec('pragma synchronous = normal')
      }
    })
  }

  #try<T>(what: 'read' | 'written', work: () => T): T {
    try {
      return work()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const remedy = isFull(error) ? '; make room there, or give the agent another folder as ALIEN_STATE_DIR' : ''
      const message = `the agent's journal ${this.#file} cannot be ${what}: ${reason}${remedy}`
      throw new CommandError('unavailable', message, { cause: error })
    }
  }
}

const isFull = (error: unknown): boolean => (error as { code?: unknown }).code === 'SQLITE_FULL'

export type { JournalLimits } from './prune-journal.js'

/** How much a journal keeps. */
export const DEFAULT_JOURNAL_LIMITS: JournalLimits = {
  maxRows: 10_000,
  maxBytes: 64 * 1024 * 1024,
  retentionMs: 7 * 86_400_000,
}

/**
 * Opens the journal, or begins a new one. One that is damaged is moved aside, and said so once.
 *
 * @throws {CommandError} `invalid_request` when it cannot be had there, `unavailable` for what may pass
 */
export async function openJournal(
  file: string,
  warn: (message: string) => void,
  limits: JournalLimits = DEFAULT_JOURNAL_LIMITS,
): Promise<Journal> {
  return new SqliteJournal(file, await openDatabase(file, limits.maxBytes, warn), limits)
}
