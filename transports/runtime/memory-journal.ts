/** What this process ran, as long as it lives: the journal of a handler runtime, which has no disk of its own. */
import type { Journal, RunKey, RunOutcome } from '../../execution/journal/journal.js'

type Entry = NonNullable<ReturnType<Journal['find']>>

/** Of finished runs: each may have a result of 2 MB. */
const MAX_FINISHED_BYTES = 32 * 1024 * 1024
const MAX_FINISHED = 1_000
/** Those that never end: aborted for nobody waited, or begun by another instance. */
const MAX_STARTED = 10_000

export class MemoryJournal implements Journal {
  /** Oldest first. */
  readonly #finished = new Map<string, { readonly outcome: RunOutcome; readonly bytes: number }>()
  /** Oldest first. One that is under way may go: what comes again is attached to its run, and asks nothing here. */
  readonly #started = new Map<string, Entry>()
  #finishedBytes = 0

  find(key: RunKey): Entry | undefined {
    const finished = this.#finished.get(idOf(key))
    return finished ? { state: 'finished', outcome: finished.outcome } : this.#started.get(idOf(key))
  }

  begin(key: RunKey, { attempt }: { readonly attempt: number }, startedAt = new Date()): void {
    const id = idOf(key)
    this.#started.delete(id)
    this.#started.set(id, { state: 'started', attempt, startedAt })
    const [oldest = id] = this.#started.keys()
    if (this.#started.size > MAX_STARTED) this.#started.delete(oldest)
  }

  end(key: RunKey, outcome: RunOutcome): void {
    const id = idOf(key)
    this.#started.delete(id)
    this.#forget(id)
    const bytes = outcome.kind === 'succeeded' ? outcome.text.length : JSON.stringify(outcome.error).length
    this.#finished.set(id, { outcome, bytes })
    this.#finishedBytes += bytes
    for (const oldest of this.#finished.keys()) {
      if (this.#finished.size <= MAX_FINISHED && this.#finishedBytes <= MAX_FINISHED_BYTES) return
      // The newest is not reported yet.
      if (oldest !== id) this.#forget(oldest)
    }
  }

  close(): void {
    this.#finished.clear()
    this.#started.clear()
    this.#finishedBytes = 0
  }

  #forget(id: string): void {
    this.#finishedBytes -= this.#finished.get(id)?.bytes ?? 0
    this.#finished.delete(id)
  }
}

/** Also what names a run where instances agree. */
export const idOf = ({ workflowRunId, run }: RunKey): string => `${workflowRunId}/${run}`
