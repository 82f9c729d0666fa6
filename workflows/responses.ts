/**
 * What handler runtimes of a push deployment report, by the signal `response`, and which of it counts:
 *
 *   P1  of each attempt that was sent, the first response
 *   P2  a result, whichever attempt it is of
 *   P3  anything else, if it is of the run under way: an earlier run was judged already
 *
 * What does not count is late: it is in the workflow's history, and changes nothing.
 */
import { defineSignal, setHandler } from '@temporalio/workflow'
import type { AttemptResponse } from '../protocol/attempt-response.js'
import { RESPONSE_SIGNAL } from '../protocol/names.js'

const responseSignal = defineSignal<[AttemptResponse]>(RESPONSE_SIGNAL)

export class Responses {
  /** Of attempts that have not answered, their runs. */
  readonly #awaited = new Map<number, number>()
  #run = 0
  #counts: AttemptResponse | undefined
  #wake: () => void = () => undefined
  #arrived = this.#nextArrival()

  constructor() {
    setHandler(responseSignal, (response) => this.#receive(response))
  }

  /** An attempt of this run is about to be sent. */
  await({ attempt, run }: { readonly attempt: number; readonly run: number }): void {
    this.#awaited.set(attempt, run)
    this.#run = run
  }

  /** Resolves once there is one that counts. A cancel does not end the wait. */
  get arrived(): Promise<void> {
    return this.#arrived
  }

  /** The one that counts, if there is any. */
  take(): AttemptResponse | undefined {
    const response = this.#counts
    if (response !== undefined) {
      this.#counts = undefined
      this.#arrived = this.#nextArrival()
    }
    return response
  }

  #receive(response: AttemptResponse): void {
    const run = this.#awaited.get(response.attempt)
    this.#awaited.delete(response.attempt)
    if (run === undefined || this.#counts !== undefined) return
    if (response.status !== 'succeeded' && run !== this.#run) return
    this.#counts = response
    this.#wake()
  }

  #nextArrival(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }
}
