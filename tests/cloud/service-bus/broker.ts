/**
 * Azure Service Bus, as far as queues go: AMQP 1.0 on a free port of loopback, without TLS, as connection strings with
 * `UseDevelopmentEmulator=true` have it. Signatures are checked and rights with them; messages are locked, delivered again
 * and given up as the service documents. Kept honest by Microsoft's SDKs for Node and for Python, which share no code.
 *
 * What it does not model: topics, sessions, scheduled and deferred messages, times to live, transactions, Entra's tokens,
 * throttling, AMQP over WebSocket, and links that the service detaches when they are idle.
 */
import rhea, { type Connection, type EventContext, type Message, type Receiver, type Sender } from 'rhea'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { pathOf, queueOf } from './addresses.js'
import { Claims, SharedKeys, type Right } from './cbs.js'
import { notFound, unauthorized } from './conditions.js'
import { serveSender } from './inbound-link.js'
import { manage } from './management.js'
import { serveReceiver } from './outbound-link.js'
import { Queue, type QueueOptions } from './queue.js'
import { serveRequests, type NodeAnswer } from './request-node.js'

const CBS = '$cbs'
const CREDIT = 100
/** Of Service Bus. */
const IDLE_MS = 120_000

export class ServiceBusBroker {
  /** Host and port. */
  namespace = ''
  readonly #queues = new Map<string, Queue>()
  readonly #keys = new SharedKeys()
  readonly #claims = new Map<Connection, Claims>()
  #close: () => Promise<void> = () => Promise.resolve()

  static async start(): Promise<ServiceBusBroker> {
    const broker = new ServiceBusBroker()
    await broker.#listen()
    return broker
  }

  /** With a key of its own. Default: with all rights. */
  connectionString(rights: readonly Right[] = ['Send', 'Listen', 'Manage']): string {
    const { name, key } = this.#keys.create(rights)
    return `Endpoint=sb://${this.namespace};SharedAccessKeyName=${name};SharedAccessKey=${key};UseDevelopmentEmulator=true`
  }

  createQueue(name: string, options: QueueOptions = {}): Queue {
    const queue = new Queue(name, options)
    this.#queues.set(name, queue)
    return queue
  }

  /** Ends every connection without a word. */
  disconnect(): void {
    for (const connection of this.#claims.keys())
      (connection as unknown as { socket: { destroy(): void } }).socket.destroy()
  }

  async close(): Promise<void> {
    this.disconnect()
    for (const queue of this.#queues.values()) queue.close()
    await this.#close()
  }

  async #listen(): Promise<void> {
    const container = rhea.create_container({ id: 'service-bus' })
    container.sasl_server_mechanisms.enable_anonymous()
    container.on('connection_open', ({ connection }: EventContext) => {
      this.#claims.set(connection, new Claims(this.#keys, (name) => this.#queues.has(name)))
    })
    container.on('disconnected', ({ connection }: EventContext) => this.#claims.delete(connection))
    container.on('receiver_open', ({ receiver }) => this.#onSender(receiver as Receiver))
    container.on('sender_open', ({ sender }) => this.#onReceiver(sender as Sender))
    // What clients do wrong is for them to hear.
    for (const event of ['error', 'connection_error', 'protocol_error']) container.on(event, () => undefined)
    const server = container.listen({
      host: '127.0.0.1',
      port: 0,
      idle_time_out: IDLE_MS,
      receiver_options: { autoaccept: false, credit_window: CREDIT },
      sender_options: { autosettle: false, treat_modified_as_released: false },
    } as Parameters<typeof container.listen>[0])
    await once(server, 'listening')
    this.namespace = `127.0.0.1:${(server.address() as AddressInfo).port}`
    this.#close = async () => {
      server.close()
      await once(server, 'close')
    }
  }

  /** Somebody sends to us. */
  #onSender(receiver: Receiver): void {
    const address = receiver.target.address
    mirror(receiver)
    const answer = this.#answering(address, receiver.connection)
    if (answer !== undefined) {
      receiver.on('message', ({ delivery }) => delivery.accept())
      serveRequests(receiver, address, answer)
      return
    }
    const queue = this.#queueFor(receiver, address, 'Send')
    if (queue === undefined) return
    // rhea has not written the link's attach yet.
    Object.assign((receiver as unknown as { local: { attach: object } }).local.attach, {
      max_message_size: queue.maxMessageBytes,
    })
    serveSender(receiver, queue)
  }

  /** Somebody receives from us. */
  #onReceiver(sender: Sender): void {
    const { address } = sender.source
    mirror(sender)
    if (this.#answering(address, sender.connection) !== undefined) return
    const queue = this.#queueFor(sender, address, 'Listen')
    if (queue !== undefined) serveReceiver(sender, queue)
  }

  /** What answers requests at `address`, if it is such a node. */
  #answering(address: string, connection: Connection): ((request: Message) => NodeAnswer) | undefined {
    if (address === CBS) return this.#claims.get(connection)?.put
    const queue = pathOf(address).endsWith('/$management') ? this.#queues.get(queueOf(address)) : undefined
    return queue && manage(queue)
  }

  /** Closes the link when it is not to be. */
  #queueFor(link: Sender | Receiver, address: string, right: Right): Queue | undefined {
    const name = queueOf(address)
    const resource = `sb://${this.namespace}/${pathOf(address)}`
    const queue = this.#queues.get(name)
    if (this.#claims.get(link.connection)?.allow(name, right) !== true) link.close(unauthorized(right, resource))
    else if (queue === undefined) link.close(notFound(resource))
    else return /\/\$deadletterqueue$/i.test(address) ? queue.deadLetters : queue
    return undefined
  }
}

/** The service answers an attach with what it says, a refused one too. */
function mirror(link: Sender | Receiver): void {
  link.set_source(link.source)
  link.set_target(link.target)
  const { snd_settle_mode, rcv_settle_mode } = link
  Object.assign((link as unknown as { local: { attach: object } }).local.attach, { snd_settle_mode, rcv_settle_mode })
}
