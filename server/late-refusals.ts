/**
 * Refusals of those who show too many wrong tokens. To refuse a call costs as much as to hear one, so that who may make
 * any number of them keeps us from all others: they are answered late, which in HTTP/1.1 is one a second on a connection.
 */
import { once } from 'node:events'
import { holdFor } from './hold.js'
import type { Exchange } from './route.js'

const HELD_MS = 1_000
/** Each costs memory. */
const MAX_HELD = 1_000

export class LateRefusals {
  readonly #max: number
  #held = 0

  constructor(max = MAX_HELD) {
    this.#max = max
  }

  /** Resolves when it may be answered. Ends the connection when too many wait already. */
  async wait(exchange: Exchange): Promise<void> {
    if (this.#held >= this.#max) {
      exchange.request.socket.destroy()
      return
    }
    this.#held += 1
    using held = holdFor(exchange, HELD_MS)
    if (!held.enough.aborted) await once(held.enough, 'abort')
    this.#held -= 1
  }
}
