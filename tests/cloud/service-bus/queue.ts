/**
 * One queue in peek-lock: a message waits, is locked by a receiver, and is completed, given back, or moved to the dead
 * letters, which are a queue as well. A lock that ends counts as a delivery that failed.
 */
import type { AmqpError, Message } from 'rhea'
import { Locks, type Lock } from './locks.js'

export interface QueueOptions {
  /** How long a receiver has a message. Default: 30 s. */
  readonly lockMs?: number
  /** Deliveries that may fail before a message is given up. Default: 10. */
  readonly maxDeliveryCount?: number
  /** Default: 256 KiB, as in the standard tier. */
  readonly maxMessageBytes?: number
  /** A message whose id was there before is taken, and dropped. Default: `false`. */
  readonly detectsDuplicates?: boolean
}

export interface Stored {
  readonly message: Message
  readonly sequenceNumber: number
  readonly enqueuedAtMs: number
  /** Deliveries that failed. */
  deliveryCount: number
}

type Properties = Readonly<Record<string, unknown>>

/** What a receiver says of a message that it has. */
export type Settlement =
  | { readonly kind: 'complete' }
  /** Undone: it counts as no delivery. */
  | { readonly kind: 'release' }
  | { readonly kind: 'abandon'; readonly properties?: Properties }
  | { readonly kind: 'dead-letter'; readonly properties: Properties }

export class Queue {
  readonly name: string
  readonly maxMessageBytes: number
  /** `undefined` of the dead letters themselves. */
  readonly deadLetters: Queue | undefined
  /** For tests: what whoever sends is told. */
  refusal: AmqpError | undefined
  /** For tests: messages are taken on, and nobody is told. */
  isSilent = false
  readonly #maxDeliveryCount: number
  readonly #ids: Set<unknown> | undefined
  readonly #locks: Locks<Stored>
  readonly #takers = new Set<() => void>()
  #waiting: Stored[] = []
  #lastSequenceNumber = 0

  constructor(name: string, options: QueueOptions = {}, isDeadLetters = false) {
    const { lockMs = 30_000, maxDeliveryCount = 10, maxMessageBytes = 256 * 1_024, detectsDuplicates = false } = options
    this.name = name
    this.maxMessageBytes = maxMessageBytes
    this.#maxDeliveryCount = isDeadLetters ? Infinity : maxDeliveryCount
    this.#ids = detectsDuplicates ? new Set() : undefined
    this.#locks = new Locks(lockMs, (stored) => this.#failed(stored))
    this.deadLetters = isDeadLetters ? undefined : new Queue(`${name}/$DeadLetterQueue`, options, true)
  }

  /** All that are in it, the locked ones too, oldest first. */
  get messages(): readonly Stored[] {
    return [...this.#waiting, ...this.#locks.values].sort((a, b) => a.sequenceNumber - b.sequenceNumber)
  }

  /** Links over which somebody takes messages. */
  get receivers(): number {
    return this.#takers.size
  }

  enqueue(message: Message): void {
    const id: unknown = message.message_id
    if (this.#ids?.has(id) === true) return
    if (id !== undefined) this.#ids?.add(id)
    this.#lastSequenceNumber += 1
    this.#waiting.push({
      message,
      sequenceNumber: this.#lastSequenceNumber,
      enqueuedAtMs: Date.now(),
      deliveryCount: message.delivery_count ?? 0,
    })
    this.#tell()
  }

  /** The oldest that waits, locked. */
  take(): { readonly stored: Stored; readonly lock: Lock } | undefined {
    const stored = this.#waiting.shift()
    return stored && { stored, lock: this.#locks.lock(stored) }
  }

  /** Whether the lock was still good. */
  settle(token: Buffer, settlement: Settlement): boolean {
    const stored = this.#locks.release(token)
    if (stored === undefined) return false
    switch (settlement.kind) {
      case 'complete':
        break
      case 'release':
        this.#giveBack(stored)
        break
      case 'abandon':
        Object.assign((stored.message.application_properties ??= {}), settlement.properties)
        this.#failed(stored)
        break
      case 'dead-letter':
        this.#giveUp(stored, settlement.properties)
        break
    }
    return true
  }

  /** Until when the lock holds now; `undefined` when it was lost. */
  renew(token: Buffer): number | undefined {
    return this.#locks.renew(token)
  }

  /** `taker` is called whenever there may be something to take, until what is returned is called. */
  onAvailable(taker: () => void): () => void {
    this.#takers.add(taker)
    return () => this.#takers.delete(taker)
  }

  close(): void {
    this.#locks.close()
    this.deadLetters?.close()
  }

  #failed(stored: Stored): void {
    stored.deliveryCount += 1
    if (stored.deliveryCount < this.#maxDeliveryCount) this.#giveBack(stored)
    else {
      this.#giveUp(stored, {
        DeadLetterReason: 'MaxDeliveryCountExceeded',
        DeadLetterErrorDescription: `Message could not be consumed after ${this.#maxDeliveryCount} delivery attempts.`,
      })
    }
  }

  #giveBack(stored: Stored): void {
    this.#waiting = [...this.#waiting, stored].sort((a, b) => a.sequenceNumber - b.sequenceNumber)
    this.#tell()
  }

  #giveUp({ message, deliveryCount }: Stored, properties: Properties): void {
    this.deadLetters?.enqueue({
      ...message,
      delivery_count: deliveryCount,
      application_properties: { ...message.application_properties, ...properties },
    })
  }

  #tell(): void {
    for (const taker of this.#takers) taker()
  }
}
