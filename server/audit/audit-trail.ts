/**
 * Writes who did what to the registry.
 *
 * 1. What was appended is written within {@link LINGER_MS}, many at once, beside the calls; who must not answer before
 *    that asks for it to be written now, with all that others have appended.
 * 2. `close` waits for calls that are still to be appended, and for all that was.
 * 3. What cannot be written is counted, and goes to the log in full: there is no secret in it.
 */
import type { Logger } from 'pino'
import type { AuditEntry, AuditRecord, AuditSink } from '../../protocol/audit.js'
import { newAuditId, type AuditRecords } from '../registry/audit-records.js'
import { RepeatedCalls } from './repeated-calls.js'

const LINGER_MS = 50
const MAX_BATCH = 100
/** A registry that does not answer must not take all memory: beyond this, records go to the log at once. */
const MAX_PENDING = 10_000

export class AuditTrail implements AuditSink {
  readonly #records: AuditRecords
  readonly #log: Logger
  readonly #repeated = new RepeatedCalls()
  #pending: AuditRecord[] = []
  #open = 0
  #onAllAppended: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #failures = 0

  constructor(records: AuditRecords, log: Logger) {
    this.#records = records
    this.#log = log
  }

  /** Records that could not be written since the start. */
  get failures(): number {
    return this.#failures
  }

  append(entry: AuditEntry): void {
    const at = new Date()
    const record = { ...entry, id: newAuditId(at), at: at.toISOString() }
    if (this.#pending.length >= MAX_PENDING) this.#lose([record], new Error(`${MAX_PENDING} records wait already`))
    else this.#pending.push(record)
    this.#timer ??= setTimeout(() => void this.flush(), LINGER_MS)
  }

  /** Whether a call of a kind that comes again and again is to be recorded: the first of an hour is. */
  isNews(entry: AuditEntry): boolean {
    return this.#repeated.isFirst(entry)
  }

  /** For a call that may have to be recorded: `close` waits until what this gives is called, with the records if any. */
  begin(): (...entries: readonly AuditEntry[]) => void {
    this.#open += 1
    return (...entries) => {
      for (const entry of entries) this.append(entry)
      this.#open -= 1
      if (this.#open === 0) this.#onAllAppended?.()
    }
  }

  /** @param graceMs how long to wait for calls that have not ended */
  async close(graceMs: number): Promise<void> {
    if (this.#open > 0) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#onAllAppended = resolve
        timer = setTimeout(resolve, graceMs)
      })
      clearTimeout(timer)
    }
    await this.flush()
  }

  /** Writes all that was appended, now. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    // One after the other: a slow registry gets no second batch before it has taken the first.
    this.#writing = this.#writing.then(() => this.#writeAll())
    return this.#writing
  }

  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, MAX_BATCH)
      await this.#records.add(batch).catch((error: unknown) => this.#lose(batch, error))
    }
  }

  #lose(records: readonly AuditRecord[], error: unknown): void {
    this.#failures += records.length
    this.#log.error({ err: error, records, failures: this.#failures }, 'audit records could not be written')
  }
}
