/** Connections on which nobody has said yet who they are: they get a moment to do so. */
import type { Duplex } from 'node:stream'

/** A client that dials has something to say at once. */
const STRANGER_MS = 10_000

export class Strangers {
  /** By `address:port`, as a call tells its peer. */
  readonly #timers = new Map<string, NodeJS.Timeout>()

  /** @param peer `address:port` */
  admit(peer: string, connection: Duplex): void {
    const timer = setTimeout(() => connection.destroy(), STRANGER_MS)
    timer.unref()
    this.#timers.set(peer, timer)
    connection.once('close', () => {
      clearTimeout(timer)
      if (this.#timers.get(peer) === timer) this.#timers.delete(peer)
    })
  }

  /** Somebody is known there now. */
  introduce(peer: string): void {
    clearTimeout(this.#timers.get(peer))
    this.#timers.delete(peer)
  }
}
