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
 *  R2  a run that nobody waits for ends; its outcome is in the journal
 */
import type { RunKey } from './journal/journal.js'
import { CommandError } from '../protocol/errors.js'
import type { HandlerRun } from './handler-run.js'

/** An attempt's hold on a run. To be disposed when the attempt ends. */
export interface Attachment extends Disposable {
  readonly run: HandlerRun
}

interface Running {
  readonly run: HandlerRun
  attempts: number
  abandon: NodeJS.Timeout | undefined
}

/** A lost attempt is delivered again within seconds; after that it went elsewhere. */
const ABANDON_AFTER_MS = 15_000

export class Runs {
  readonly #running = new Map<string, Running>()

  /** To the run under way, or to the one that `start` starts. */
  attach({ workflowRunId, run }: RunKey, start: () => HandlerRun): Attachment {
    const id = `${workflowRunId}/${run}`
    const running = this.#running.get(id) ?? this.#start(id, start())
    clearTimeout(running.abandon)
    running.attempts += 1
    return {
      run: running.run,
      [Symbol.dispose]: () => {
        running.attempts -= 1
        if (running.attempts > 0 || this.#running.get(id) !== running || running.run.atMostOnce) return
        running.abandon = setTimeout(() => running.run.abort(abandoned()), ABANDON_AFTER_MS)
      },
    }
  }

  #start(id: string, run: HandlerRun): Running {
    const running: Running = { run, attempts: 0, abandon: undefined }
    this.#running.set(id, running)
    void run.end.then(() => {
      clearTimeout(running.abandon)
      this.#running.delete(id)
    })
    return running
  }
}

const abandoned = (): CommandError =>
  new CommandError('canceled', 'nobody waits for this run any more: another agent has it, or the invocation ended')
