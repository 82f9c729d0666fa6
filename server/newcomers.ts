/**
 * Connections on which nobody has asked for anything yet: in the middle of a TLS handshake, silent, or with half of the
 * headers of a first request. They are bounded, for each costs memory (a handshake some 50 kB) that its client need not
 * have. The oldest goes for a new one: a client that means it has asked after milliseconds.
 */
import { LRUCache } from 'lru-cache'
import type { Socket } from 'node:net'

/** Ten times what a restart of 500 agents, who come back within seconds of each other, brings at once. */
const MAX_NEWCOMERS = 500

type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>

export class Newcomers {
  /** By `address:port`: under TLS the socket that shook hands is another object than the one that came. */
  readonly #sockets = new LRUCache<string, Socket>({
    max: MAX_NEWCOMERS,
    dispose: (socket, _key, reason) => {
      if (reason === 'evict') socket.destroy()
    },
  })

  admit(socket: Socket): void {
    const key = keyOf(socket)
    this.#sockets.set(key, socket)
    socket.once('close', () => {
      if (this.#sockets.peek(key) === socket) this.#sockets.delete(key)
    })
  }

  /** It speaks HTTP/2, and is the gateway's to judge; or its first request is there. */
  settle(socket: Peer): void {
    this.#sockets.delete(keyOf(socket))
  }
}

const keyOf = ({ remoteAddress, remotePort }: Peer): string => `${remoteAddress ?? ''}:${remotePort ?? ''}`
