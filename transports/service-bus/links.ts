/**
 * Messages of a queue, over one link after another: Microsoft's SDK keeps those of a link in the order in which they came,
 * 2,048 at most, until the oldest is settled. One that is worked on for an hour would hold up all that come behind these.
 */
import type { MessageHandlers, ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus'
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
  readonly #slots: Slots
  /** Those with messages that are still worked on, and the one that takes more. */
  readonly #open = new UnderWay()
  /** Of those that are open, what tells them to take no more. */
  readonly #stops = new Set<() => void>()
  #isClosing = false

  constructor(options: LinksOptions) {
    this.#options = options
    this.#slots = new Slots(options.maxConcurrent)
    void this.#open.track(this.#link())
  }

  /** Takes no more messages; resolves when all that came are settled. */
  async close(): Promise<void> {
    this.#isClosing = true
    for (const stop of this.#stops) stop()
    await this.#open.ended()
  }

  async #link(): Promise<void> {
    const receiver = this.#options.newReceiver()
    const underWay = new UnderWay()
    let stop: () => void = () => undefined
    const stopped = new Promise<void>((resolve) => (stop = resolve))
    this.#stops.add(stop)
    const subscription = this.#subscribe(receiver, underWay, stop, stopped)
    await stopped
    this.#stops.delete(stop)
    await subscription.close()
    await underWay.ended()
    await receiver.close()
  }

  #subscribe(receiver: ServiceBusReceiver, underWay: UnderWay, stop: () => void, stopped: Promise<void>) {
    const { maxConcurrent, take, onError } = this.#options
    const settler = new Settler(receiver)
    let count = 0
    const processMessage = async (message: ServiceBusReceivedMessage): Promise<void> => {
      count += 1
      if (count === MESSAGES_PER_LINK && !this.#isClosing) void this.#open.track(this.#link())
      try {
        await underWay.track(this.#slots.run(() => take(message, settler)))
      } finally {
        if (count >= MESSAGES_PER_LINK && underWay.isNothing) stop()
      }
      // The SDK asks for one more when this resolves. To tell it now that no more are wanted would not do: when the service
      // is slow to answer that, the SDK closes the link, and renews no locks of what is still worked on.
      if (count >= MESSAGES_PER_LINK) await stopped
    }
    const processError: MessageHandlers['processError'] = ({ error, errorSource }) => {
      onError(errorSource, error)
      return Promise.resolve()
    }
    const options = { autoCompleteMessages: false, maxConcurrentCalls: maxConcurrent }
    return receiver.subscribe({ processMessage, processError }, options)
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
