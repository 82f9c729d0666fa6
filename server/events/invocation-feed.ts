/**
 * What handlers say, on its way through this control plane: written to the registry, many attempts at once, and shown
 * to those who follow an invocation here.
 *
 *   agents ─► append ─► registry ─► watches of this process, told at once
 *                           └─────► watches of other control planes, which look every {@link LOOK_MS}
 *
 * PostgreSQL could call the others (LISTEN/NOTIFY); SQLite cannot, and one way for both is one way to test. A control
 * plane looks only while somebody follows, with one question for all.
 */
import type { Logger } from 'pino'
import { CommandError } from '../../protocol/errors.js'
import type { EventBatch, EventChunk, EventHead, InvocationEvents } from '../registry/invocation-events.js'
import { EventWatch } from './event-watch.js'

const LOOK_MS = 500
/** A registry that does not answer must not take all memory. */
const MAX_PENDING_BATCHES = 5_000
const MAX_WATCHES = 2_000
const MAX_WATCHES_PER_TOKEN = 200

const FORGET_AFTER_MS = 7 * 86_400_000
const FORGET_EVERY_MS = 600_000
const FORGET_AT_ONCE = 100

interface Pending {
  readonly batches: readonly EventBatch[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class InvocationFeed {
  readonly #events: InvocationEvents
  readonly #log: Logger
  readonly #watches = new Map<string, Set<EventWatch>>()
  readonly #perToken = new Map<string, number>()
  /** As last seen, to tell what is new. */
  readonly #heads = new Map<string, EventHead>()
  readonly #forgetting: NodeJS.Timeout
  #looking: NodeJS.Timeout | undefined
  #pending: Pending[] = []
  #writing: Promise<void> | undefined
  #open = 0
  #isClosed = false

  constructor(events: InvocationEvents, log: Logger) {
    this.#events = events
    this.#log = log
    this.#forgetting = setInterval(() => void this.#forget(), FORGET_EVERY_MS).unref()
  }

  /** @throws {CommandError} `unavailable` when the registry does not keep up */
  append(batches: readonly EventBatch[]): Promise<void> {
    if (this.#pending.length >= MAX_PENDING_BATCHES) {
      throw new CommandError('unavailable', 'the registry does not keep up with what handlers say; try again')
    }
    return new Promise((resolve, reject) => {
      this.#pending.push({ batches, resolve, reject })
      this.#writing ??= this.#write()
    })
  }

  /**
   * To be disposed of by whoever follows `invocationId`.
   *
   * @throws {CommandError} `rate_limited` when the token, or all together, follow too many
   */
  watch(invocationId: string, tokenId: string): EventWatch {
    const ofToken = this.#perToken.get(tokenId) ?? 0
    if (ofToken >= MAX_WATCHES_PER_TOKEN || this.#open >= MAX_WATCHES) {
      const who = ofToken >= MAX_WATCHES_PER_TOKEN ? `this token follows ${ofToken}` : `${this.#open} are followed`
      throw new CommandError('rate_limited', `${who} invocations at once, which is the limit here; try again later`)
    }
    const watch = new EventWatch(() => this.#unwatch(invocationId, tokenId, watch))
    const watches = this.#watches.get(invocationId) ?? new Set()
    this.#watches.set(invocationId, watches.add(watch))
    this.#perToken.set(tokenId, ofToken + 1)
    this.#open += 1
    this.#looking ??= setTimeout(() => void this.#look(), LOOK_MS)
    return watch
  }

  next(invocationId: string, after: number): Promise<EventChunk | undefined> {
    return this.#events.next(invocationId, after)
  }

  async head(invocationId: string): Promise<EventHead | undefined> {
    return (await this.#events.heads([invocationId])).get(invocationId)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#forgetting)
    clearTimeout(this.#looking)
    await this.#writing
  }

  #unwatch(invocationId: string, tokenId: string, watch: EventWatch): void {
    const watches = this.#watches.get(invocationId)
    if (watches?.delete(watch) !== true) return
    if (watches.size === 0) {
      this.#watches.delete(invocationId)
      this.#heads.delete(invocationId)
    }
    const ofToken = (this.#perToken.get(tokenId) ?? 0) - 1
    if (ofToken > 0) this.#perToken.set(tokenId, ofToken)
    else this.#perToken.delete(tokenId)
    this.#open -= 1
  }

  /** All that waits at once; what comes meanwhile waits for the next turn. */
  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      const pending = this.#pending.splice(0)
      const batches = pending.flatMap((one) => one.batches)
      try {
        await this.#events.append(batches)
        for (const { resolve } of pending) resolve()
        for (const { invocationId } of batches) this.#tell(invocationId)
      } catch (error) {
        for (const { reject } of pending) reject(error)
      }
    }
    this.#writing = undefined
  }

  #tell(invocationId: string): void {
    for (const watch of this.#watches.get(invocationId) ?? []) watch.tell()
  }

  async #look(): Promise<void> {
    try {
      for (const [id, head] of await this.#events.heads([...this.#watches.keys()])) {
        const known = this.#heads.get(id)
        if (!this.#watches.has(id) || (known?.lastSeq === head.lastSeq && known.finished === head.finished)) continue
        this.#heads.set(id, head)
        this.#tell(id)
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot look for what handlers say')
    }
    this.#looking =
      this.#watches.size === 0 || this.#isClosed ? undefined : setTimeout(() => void this.#look(), LOOK_MS)
  }

  async #forget(): Promise<void> {
    try {
      while ((await this.#events.forget(new Date(Date.now() - FORGET_AFTER_MS), FORGET_AT_ONCE)) === FORGET_AT_ONCE);
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot forget what handlers said long ago')
    }
  }
}
