/**
 * Messages of a queue, over one link after another: Microsoft's SDK keeps those of a link in the order in which they came,
 * 2,048 at most, until the oldest is settled. One that is worked on for an hour would hold up all that come behind these.
 */
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus'
import { UnderWay } from '../runtime/consumer.js'
import { Settler } from './settler.js'

const MESSAGES_PER_LINK = 1_000

export interface LinksOptions {
  readonly newReceiver: () => ServiceBusReceiver
  /** Messages that are worked on at once, those of links that are on their way out included. */
  readonly maxConcurrent: number
  readonly take: (message: ServiceBusReceivedMessage, settler: Settler) => Promise<void>
  readonly onError: (source: string, error: Error) => void
}

export class Links {
  readonly #options: LinksOptions
  /** Those with messages that are still worked on, and the one that takes more. */
  readonly #open = new UnderWay()
  readonly #slots: Slots
  #leave: () => void = () => undefined
  #isClosing = false

  constructor(options: LinksOptions) {
    this.#options = options
    this.#slots = new Slots(options.maxConcurrent)
    this.#next()
  }

  /** Takes no more messages; resolves when all that came are settled. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#leave()
    await this.#open.ended()
  }

  /** The link before takes no more, and closes when what came over it is settled. */
  #next(): void {
    this.#leave()
    const left = new Promise<void>((resolve) => (this.#leave = resolve))
    void this.#open.track(this.#link(left))
  }

  async #link(left: Promise<void>): Promise<void> {
    const { newReceiver, maxConcurrent, take, onError } = this.#options
    const receiver = newReceiver()
    const settler = new Settler(receiver)
    const underWay = new UnderWay()
    let count = 0
    const subscription = receiver.subscribe(
      {
        processMessage: (message) => {
          count += 1
          if (count === MESSAGES_PER_LINK && !this.#isClosing) this.#next()
          return underWay.track(this.#slots.run(() => take(message, settler)))
        },
        processError: ({ error, errorSource }) => {
          onError(errorSource, error)
          return Promise.resolve()
        },
      },
      { autoCompleteMessages: false, maxConcurrentCalls: maxConcurrent },
    )
    await left
    await subscription.close()
    await underWay.ended()
    await receiver.close()
  }
}

/** So much at once, the rest in its order. */
class Slots {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  async run(work: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
