/**
 * Settles messages, each in a turn of the event loop of its own: what is settled within one turn Microsoft's SDK sends as
 * one, with the outcome of the first, so that a message which is given back would be completed with the one before it.
 */
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CommandError } from '../../protocol/errors.js'

/** What Service Bus keeps of a reason. */
const MAX_REASON_CHARS = 4_096

export class Settler {
  readonly #receiver: ServiceBusReceiver
  #turns: Promise<void> = Promise.resolve()

  constructor(receiver: ServiceBusReceiver) {
    this.#receiver = receiver
  }

  complete(message: ServiceBusReceivedMessage): Promise<void> {
    return this.#inOwnTurn(() => this.#receiver.completeMessage(message))
  }

  giveBack(message: ServiceBusReceivedMessage): Promise<void> {
    return this.#inOwnTurn(() => this.#receiver.abandonMessage(message))
  }

  /** To the dead letters, with the reason. */
  giveUp(message: ServiceBusReceivedMessage, { code, message: reason }: CommandError): Promise<void> {
    return this.#inOwnTurn(() =>
      this.#receiver.deadLetterMessage(message, {
        deadLetterReason: code,
        deadLetterErrorDescription: reason.slice(0, MAX_REASON_CHARS),
      }),
    )
  }

  async #inOwnTurn(settle: () => Promise<void>): Promise<void> {
    this.#turns = this.#turns.then(() => nextTurn())
    await this.#turns
    return settle()
  }
}
