/**
 * The runs under way in this agent. A handler's run belongs to its invocation, not to the attempt that began it: when
 * the attempt is lost, a link that was cut for one, the handler goes on, and the next attempt attaches to it.
 *
 *   attached ──last attempt lost──► unattached ──next attempt──► attached
 *      │                                │ nobody came for it
 *      ▼                                ▼
 *    ended ◄──────────────────────── aborted (an at-most-once run is left to end instead)
 *
 * Invariants:
 *  R1  a run of an invocation is under way at most once in this process
 *  R2  a run that nobody waits for ends; what it came to is in the journal
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { RunKey } from './journal/journal.js'
import { CommandError } from '../protocol/errors.js'
import { redeliveryBackoffMs } from '../protocol/redelivery-backoff.js'
import type { AttemptInput } from '../protocol/invocation.js'
import type { HandlerRun } from './handler-run.js'

/** An attempt's hold on a run. To be disposed when the attempt ends. */
export interface Attachment extends Disposable {
  readonly run: HandlerRun
  /** How many attempts of the run came to this process, this one included; `undefined`: no other did. */
  readonly attempts: number | undefined
}

/** Number of the attempt, and how many of this run were lost before it. */
type Delivered = Pick<AttemptInput, 'attempt' | 'deliveredBefore'>

interface Running {
  readonly run: HandlerRun
  held: number
  /** Their numbers: a message that comes twice is one attempt. */
  readonly attempts: Set<number>
  abandon: NodeJS.Timeout | undefined
}

/** How long a handler whose signal aborted since the agent stops may take to end. */
export const STOPPED_WITHIN_MS = 2_000

/** A lost attempt is delivered again when its back-off is over, or some seconds later; after that it went elsewhere. */
const ABANDON_AFTER_MS = 15_000

export class Runs {
  readonly #running = new Map<string, Running>()

  get count(): number {
    return this.#running.size
  }

  /** To the run under way, or to the one that `start` starts. */
  attach({ workflowRunId, run }: RunKey, { attempt, deliveredBefore }: Delivered, start: () => HandlerRun): Attachment {
    const id = `${workflowRunId}/${run}`
    const running = this.#running.get(id) ?? this.#start(id, start())
    clearTimeout(running.abandon)
    running.held += 1
    running.attempts.add(attempt)
    return {
      run: running.run,
      attempts: running.attempts.size > 1 ? running.attempts.size : undefined,
      [Symbol.dispose]: () => {
        running.held -= 1
        if (running.held > 0 || this.#running.get(id) !== running || running.run.atMostOnce) return
        const backoffMs = redeliveryBackoffMs(deliveredBefore + 1)
        running.abandon = setTimeout(() => running.run.abort(abandoned()), backoffMs + ABANDON_AFTER_MS)
      },
    }
  }

  /**
   * For an agent that stops: waits for the runs that no attempt has aborted by then. They have `graceMs` to end by
   * themselves, and a little more once they are told to.
   */
  async drain(graceMs: number): Promise<void> {
    const left = [...this.#running.values()].map(({ run }) => run).filter(({ isAborted }) => !isAborted)
    const ended = Promise.all(left.map(({ end }) => end))
    await Promise.race([ended, delay(graceMs, undefined, { ref: false })])
    for (const run of left) run.abort(stopping())
    await Promise.race([ended, delay(STOPPED_WITHIN_MS, undefined, { ref: false })])
  }

  #start(id: string, run: HandlerRun): Running {
    const running: Running = { run, held: 0, attempts: new Set(), abandon: undefined }
    this.#running.set(id, running)
    void run.end.then(() => {
      clearTimeout(running.abandon)
      this.#running.delete(id)
    })
    return running
  }
}

const stopping = (): CommandError => new CommandError('canceled', 'the agent stops')

const abandoned = (): CommandError =>
  new CommandError('canceled', 'nobody waits for this run any more: another agent has it, or the invocation ended')
