/**
 * How instances of one function agree on who runs what: an object for each run in a storage, written on conditions.
 *
 *   (none) ──put if not there──► started, attempt n ──put over this version──► finished, with its outcome
 *                                      │ put over this version, by attempt n + 1
 *                                      ▼
 *                                started, attempt n + 1
 *
 * Invariants:
 *  C1  a delivery of attempt n enters the handler only after it wrote `started, attempt n`, which one delivery can
 *  C2  an outcome is never overwritten
 */
import { BindingError } from '../../bindings/binding-error.js'
import type { Storage } from '../../bindings/storage/storage.js'
import type { RunKey, RunOutcome } from '../../execution/journal/journal.js'
import { idOf } from './memory-journal.js'

type ClaimRecord =
  | { readonly state: 'started'; readonly attempt: number; readonly startedAt: string }
  | { readonly state: 'finished'; readonly outcome: RunOutcome }

export type Claim =
  /** It may run here. `earlier`: a delivery before had it, and nothing is known to have come of it. */
  | {
      readonly kind: 'ours'
      readonly earlier: { readonly attempt: number; readonly startedAt: Date } | undefined
      readonly finish: (outcome: RunOutcome) => Promise<void>
    }
  | { readonly kind: 'finished'; readonly outcome: RunOutcome }
  /** Another delivery of this attempt has it, or a later attempt. */
  | { readonly kind: 'taken' }

export class RunClaims {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** @throws {BindingError} when the storage cannot be had; nothing may be run then */
  async claim(key: RunKey, attempt: number): Promise<Claim> {
    const path = `alien-runs/${idOf(key)}.json`
    const record: ClaimRecord = { state: 'started', attempt, startedAt: new Date().toISOString() }
    for (;;) {
      const created = await this.#put(path, record, { ifNotExists: true })
      if (created !== undefined) return this.#ours(path, created, undefined)
      const found = await this.#read(path)
      if (found === undefined) continue
      if (found.record.state === 'finished') return { kind: 'finished', outcome: found.record.outcome }
      if (found.record.attempt >= attempt) return { kind: 'taken' }
      const etag = await this.#put(path, record, { ifMatch: found.etag })
      const earlier = { attempt: found.record.attempt, startedAt: new Date(found.record.startedAt) }
      if (etag !== undefined) return this.#ours(path, etag, earlier)
    }
  }

  #ours(path: string, etag: string, earlier: { attempt: number; startedAt: Date } | undefined): Claim {
    // Over another's claim nothing is written: it has its own outcome to tell.
    const finish = async (outcome: RunOutcome): Promise<void> => {
      await this.#put(path, { state: 'finished', outcome }, { ifMatch: etag })
    }
    return { kind: 'ours', earlier, finish }
  }

  /** The new version's etag; `undefined` when the condition does not hold. */
  async #put(
    path: string,
    record: ClaimRecord,
    condition: { ifNotExists: true } | { ifMatch: string },
  ): Promise<string | undefined> {
    try {
      return (await this.#storage.put(path, JSON.stringify(record), condition)).etag
    } catch (error) {
      if (error instanceof BindingError && error.code === 'precondition_failed') return undefined
      throw error
    }
  }

  async #read(path: string): Promise<{ readonly record: ClaimRecord; readonly etag: string } | undefined> {
    try {
      const object = await this.#storage.get(path)
      return { record: (await object.json()) as unknown as ClaimRecord, etag: object.etag }
    } catch (error) {
      // Removed, or written over, while it was read.
      if (error instanceof BindingError && (error.code === 'not_found' || error.code === 'precondition_failed')) return
      throw error
    }
  }
}
