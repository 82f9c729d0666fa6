/**
 * What the vendor worker in this process says an invocation came to. It saves the requests that wait here a long poll
 * to Temporal each, which is a good part of what a short call costs.
 *
 * The worker says so when the outcome follows from recorded history, yet before Temporal has recorded the end. So an
 * id stays "settling" for a moment, and who looks it up meanwhile has to wait for Temporal to catch up.
 */
import { EventEmitter } from 'node:events'
import type { Outcome } from '../../protocol/invocation.js'

/** Temporal mostly records an end within 10 ms; it tries again within seconds when it could not at first. */
const SETTLING_MS = 5_000

interface Listening extends Disposable {
  /** Settles once it is told, which may be never. */
  readonly outcome: Promise<Outcome>
}

export class ToldOutcomes {
  readonly #ends = new EventEmitter().setMaxListeners(0)
  readonly #settling = new Set<string>()

  /** From the vendor worker. */
  readonly tell = (id: string, outcome: Outcome): void => {
    if (!this.#ends.emit(id, outcome)) return
    this.#settling.add(id)
    setTimeout(() => this.#settling.delete(id), SETTLING_MS).unref()
  }

  /** Listens until it is disposed of. To be called before the invocation is started. */
  listen(id: string): Listening {
    let tell: (outcome: Outcome) => void = () => undefined
    const outcome = new Promise<Outcome>((resolve) => (tell = resolve))
    this.#ends.once(id, tell)
    return { outcome, [Symbol.dispose]: () => void this.#ends.off(id, tell) }
  }

  /** Whether somebody was told its outcome a moment ago. */
  isSettling(id: string): boolean {
    return this.#settling.has(id)
  }
}
