/**
 * A receiver's link to a queue: as many messages as it has credit for, each delivery with a lock, whose token is its tag.
 * The receiver says what became of one, and the broker settles that very delivery, second, with the outcome it applied.
 */
import rhea, { type AmqpError, type Delivery, type Message, type Sender } from 'rhea'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import { lockLost, notImplemented } from './conditions.js'
import type { Lock } from './locks.js'
import { settle, type OutcomeName } from './outcomes.js'
import type { Queue, Settlement, Stored } from './queue.js'

interface ModifiedOutcome {
  readonly undeliverable_here?: boolean
  readonly message_annotations?: Record<string, unknown>
}

interface RejectedOutcome {
  readonly error?: { readonly info?: Record<string, unknown> }
}

export function serveReceiver(sender: Sender, queue: Queue): void {
  new OutboundLink(sender, queue).start()
}

class OutboundLink {
  readonly #sender: Sender
  readonly #queue: Queue
  #isSending = false
  #answers: Promise<void> = Promise.resolve()

  constructor(sender: Sender, queue: Queue) {
    this.#sender = sender
    this.#queue = queue
  }

  start(): void {
    const leave = this.#queue.onAvailable(() => void this.#send())
    const sender = this.#sender
    sender.on('sendable', () => void this.#send())
    sender.on('sender_draining', () => void this.#drain())
    sender.on('accepted', ({ delivery }: { delivery: Delivery }) => this.#settle(delivery, 'accepted'))
    sender.on('released', ({ delivery }: { delivery: Delivery }) => this.#settle(delivery, 'released'))
    sender.on('modified', ({ delivery }: { delivery: Delivery }) => this.#settle(delivery, 'modified'))
    sender.on('rejected', ({ delivery }: { delivery: Delivery }) => this.#settle(delivery, 'rejected'))
    for (const end of ['sender_close', 'session_close']) sender.on(end, leave)
    sender.connection.on('disconnected', leave)
  }

  /** One in each turn, since rhea takes the credit off when it writes. */
  async #send(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    while (this.#sender.is_open() && this.#sender.sendable()) {
      const taken = this.#queue.take()
      if (taken === undefined) break
      this.#deliver(taken.stored, taken.lock)
      await nextTurn()
    }
    this.#isSending = false
  }

  #deliver(stored: Stored, { token, untilMs }: Lock): void {
    this.#sender.send(deliverable(stored, untilMs), token)
    // Received and deleted at once: the receiver says nothing of it.
    if (this.#sender.snd_settle_mode === 1) this.#queue.settle(token, { kind: 'complete' })
  }

  async #drain(): Promise<void> {
    await this.#send()
    this.#sender.set_drained(true)
  }

  /** One in each turn: rhea writes two outcomes of one turn as one, though they differ. */
  #settle(delivery: Delivery, outcome: OutcomeName): void {
    this.#answers = this.#answers.then(async () => {
      const settlement = settlementOf(delivery, outcome)
      if (settlement === undefined) this.#answer(delivery, 'rejected', notImplemented('deferring'))
      else if (this.#queue.settle(delivery.tag as Buffer, settlement)) this.#answer(delivery, outcome)
      else this.#answer(delivery, 'rejected', lockLost())
      await nextTurn()
    })
  }

  #answer(delivery: Delivery, outcome: OutcomeName, error?: AmqpError): void {
    settle(delivery, outcome, error)
    // For receivers do not settle once more, and rhea would keep the delivery until they do.
    Object.assign(delivery, { remote_settled: true })
  }
}

/** `undefined`: nothing that this broker knows. */
function settlementOf({ remote_state: state }: Delivery, outcome: OutcomeName): Settlement | undefined {
  switch (outcome) {
    case 'accepted':
      return { kind: 'complete' }
    case 'released':
      return { kind: 'release' }
    case 'rejected':
      return { kind: 'dead-letter', properties: (state as RejectedOutcome).error?.info ?? {} }
    case 'modified': {
      const { undeliverable_here: isDeferred, message_annotations: properties = {} } = state as ModifiedOutcome
      return isDeferred === true ? undefined : { kind: 'abandon', properties }
    }
  }
}

/** As a receiver gets it. */
export function deliverable(
  { message, sequenceNumber, enqueuedAtMs, deliveryCount }: Stored,
  lockedUntilMs?: number,
): Message {
  const { types } = rhea
  return {
    ...message,
    // The SDKs renew locks by the message's id.
    message_id: message.message_id ?? randomUUID(),
    delivery_count: deliveryCount,
    message_annotations: {
      ...message.message_annotations,
      'x-opt-sequence-number': types.wrap_long(sequenceNumber),
      'x-opt-enqueued-time': types.wrap_timestamp(enqueuedAtMs),
      ...(lockedUntilMs === undefined ? {} : { 'x-opt-locked-until': types.wrap_timestamp(lockedUntilMs) }),
    },
  }
}
