/**
 * Connections on which nobody has said yet who they are: they get a moment to do so, and of too many the oldest ends,
 * for a session costs some 30 kB that its client need not have. And those that show wrong tokens:
 *
 *   too many on one connection ──► it ends
 *   too many from one address ───► new connections from there begin slowly ({@link Crowds})
 *
 * For to refuse a call costs as much as to hear one, so that who may make any number of them keeps us from all others.
 */
import { status } from '@grpc/grpc-js'
import { LRUCache } from 'lru-cache'
import type { Duplex } from 'node:stream'
import { networkOf } from '../protocol/network-of.js'
import { Crowds } from './crowds.js'
import { ipOf } from './ip-of.js'
import { outsideOfReading } from './outside-of-reading.js'

/** A client that dials has something to say at once, and one that is to go has little to finish. */
const MOMENT_MS = 10_000
/** An agent says who it is with the first that it sends, so that in a crowd of them each is unknown for milliseconds. */
const MAX_UNKNOWN = 500
/** An agent whose token was revoked has half a dozen calls under way. */
const MAX_REFUSALS = 10

interface Connection {
  readonly socket: Duplex
  readonly timers: NodeJS.Timeout[]
  refusals: number
}

export class Strangers {
  /** By `address:port`, as a call tells its peer. */
  readonly #connections = new Map<string, Connection>()
  /** Those that are served. */
  readonly #unknown = new LRUCache<Connection, true>({
    max: MAX_UNKNOWN,
    dispose: (_, { socket }, reason) => {
      if (reason === 'evict') void outsideOfReading().then(() => socket.destroy())
    },
  })
  readonly #crowds = new Crowds()

  /**
   * @param peer `address:port`
   * @param begin serves it
   */
  admit(peer: string, socket: Duplex, begin: () => void): void {
    const waitMs = this.#crowds.admit(networkOf(ipOf(peer)))
    if (waitMs === undefined) {
      socket.destroy()
      return
    }
    const timers = [setTimeout(() => socket.destroy(), waitMs + MOMENT_MS).unref()]
    const connection = { socket, timers, refusals: 0 }
    const serve = (): void => {
      this.#unknown.set(connection, true)
      begin()
    }
    if (waitMs > 0) timers.push(setTimeout(serve, waitMs).unref())
    this.#connections.set(peer, connection)
    socket.once('close', () => {
      timers.forEach(clearTimeout)
      this.#unknown.delete(connection)
      if (this.#connections.get(peer) === connection) this.#connections.delete(peer)
    })
    if (waitMs === 0) serve()
  }

  /** Somebody is known there now. */
  introduce(peer: string): void {
    const connection = this.#connections.get(peer)
    if (connection === undefined) return
    connection.timers.forEach(clearTimeout)
    this.#unknown.delete(connection)
  }

  /**
   * Nobody was known who made a call there.
   *
   * @param code what it was answered
   * @param end lets what is under way on the connection finish, and nothing follow
   */
  refuse(peer: string, code: status, end: () => void): void {
    // Else nobody could tell whether the token was wrong.
    if (code !== status.UNAUTHENTICATED && code !== status.RESOURCE_EXHAUSTED) return
    if (code === status.RESOURCE_EXHAUSTED) this.#crowds.notice(networkOf(ipOf(peer)))
    const connection = this.#connections.get(peer)
    if (connection === undefined) return
    connection.refusals += 1
    if (connection.refusals < MAX_REFUSALS) return
    end()
    // Whoever is known there by now: its client may leave it open for ever.
    this.#connections.delete(peer)
    connection.timers.push(setTimeout(() => connection.socket.destroy(), MOMENT_MS).unref())
  }
}
