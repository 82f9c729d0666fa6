/**
 * Connections of HTTP/1.1 on which something was asked for, and nothing is now. They are kept, for to dial takes longer than
 * to ask; but not any number of them, for anybody may have asked for nothing but the health. The one that is idle for longest
 * goes for a new one.
 */
import { LRUCache } from 'lru-cache'
import type { Socket } from 'node:net'

/** Some 20 kB each. A client of ours has one for each call that it ever had under way at once. */
const MAX_IDLE = 2_000

export class IdleConnections {
  readonly #sockets = new LRUCache<Socket, true>({
    max: MAX_IDLE,
    dispose: (_, socket, reason) => {
      if (reason === 'evict') socket.destroy()
    },
  })

  /** Those whose close is heard of. */
  readonly #known = new WeakSet<Socket>()

  /** A request came on it. */
  busy(socket: Socket): void {
    this.#sockets.delete(socket)
  }

  /** Its answer is sent. */
  idle(socket: Socket): void {
    if (socket.destroyed) return
    if (!this.#known.has(socket)) socket.once('close', () => this.#sockets.delete(socket))
    this.#known.add(socket)
    this.#sockets.set(socket, true)
  }
}
