/**
 * Sends to a deployment's queue, with the credential that Azure's library finds by itself, or with the connection string
 * in `SERVICEBUS_CONNECTION_STRING` when that is of the deployment's namespace.
 */
import { createHash } from 'node:crypto'
import type {
  parseServiceBusConnectionString,
  ServiceBusClient,
  ServiceBusSender as SdkSender,
} from '@azure/service-bus'
import { lazy, type Lazy } from '../../bindings/lazy.js'
import { loadSdk } from '../../bindings/load-sdk.js'
import { encodeEnvelope, type Envelope } from '../../protocol/envelope.js'
import type { ServiceBusTransport } from '../../protocol/transport.js'
import { DeliveryError } from '../delivery-error.js'
import type { Target } from '../sdk-error.js'
import type { Sender } from '../sender.js'
import { isAzureHost } from './azure-host.js'
import { serviceBusError } from './service-bus-error.js'

const TIMEOUT_MS = 10_000

/** A message with a longer id is refused. */
const MAX_MESSAGE_ID_CHARS = 128

/** What AMQP puts around a message's body. */
const FRAME_BYTES = 4 * 1024

interface Connection {
  readonly client: ServiceBusClient
  readonly sender: SdkSender
}

export class ServiceBusSender implements Sender {
  readonly #target: Target
  readonly #connection: Lazy<Connection>

  constructor(transport: ServiceBusTransport) {
    const { namespace, queue } = transport
    this.#target = {
      service: 'Service Bus',
      resource: `queue ${queue} in ${namespace}`,
      permission: 'the role "Azure Service Bus Data Sender" on it for the vendor worker\'s identity',
    }
    this.#connection = lazy(() => connect(transport))
  }

  async send(envelope: Envelope): Promise<undefined> {
    const { sender, maxBytes } = await this.#open()
    const body = encodeEnvelope(envelope, 'Service Bus', maxBytes)
    const { invocationId, attempt } = envelope
    try {
      // The id lets a queue that looks for duplicates drop a message which is sent twice.
      await sender.sendMessages({
        body,
        contentType: 'application/json',
        messageId: messageIdOf(`${invocationId}/${attempt.attempt}`),
      })
    } catch (error) {
      throw serviceBusError(this.#target, error, 'unconfirmed')
    }
  }

  async close(): Promise<void> {
    const connection = await this.#connection.made
    await connection?.client.close()
  }

  /** The link to the queue, which says what the queue takes. What fails here was not sent. */
  async #open(): Promise<{ readonly sender: SdkSender; readonly maxBytes: number }> {
    try {
      const { sender } = await this.#connection()
      const { maxSizeInBytes } = await sender.createMessageBatch({ abortSignal: AbortSignal.timeout(TIMEOUT_MS) })
      return { sender, maxBytes: maxSizeInBytes - FRAME_BYTES }
    } catch (error) {
      throw serviceBusError(this.#target, error, 'unreachable')
    }
  }
}

/** Readable where it may be; the same for the same attempt in any case. */
const messageIdOf = (id: string): string =>
  id.length <= MAX_MESSAGE_ID_CHARS ? id : createHash('sha256').update(id).digest('hex')

async function connect(transport: ServiceBusTransport): Promise<Connection> {
  const { namespace, queue } = transport
  const options = { retryOptions: { maxRetries: 0, timeoutInMs: TIMEOUT_MS } }
  return loadSdk('a deployment on Service Bus', ['@azure/service-bus', '@azure/identity'], async () => {
    const { ServiceBusClient, parseServiceBusConnectionString } = await import('@azure/service-bus')
    const shared = process.env['SERVICEBUS_CONNECTION_STRING'] ?? ''
    const client =
      shared !== '' && endpointOf(shared, parseServiceBusConnectionString) === namespace.toLowerCase()
        ? new ServiceBusClient(shared, options)
        : new ServiceBusClient(namespace, await credential(transport), options)
    return { client, sender: client.createSender(queue) }
  })
}

/** Its host. */
function endpointOf(connectionString: string, parse: typeof parseServiceBusConnectionString): string {
  try {
    return parse(connectionString)
      .endpoint.replace(/^sb:\/\//, '')
      .replace(/\/+$/, '')
      .toLowerCase()
  } catch (error) {
    // Not the SDK's own words, which quote it.
    const message = 'SERVICEBUS_CONNECTION_STRING is no connection string of a namespace; correct it, or unset it'
    throw new DeliveryError('rejected', 'credentials', message, error)
  }
}

async function credential({ namespace, tenantId }: ServiceBusTransport) {
  if (!isAzureHost(namespace)) {
    const message = `${namespace} is no namespace of Azure's, like acme.servicebus.windows.net, and is shown no credentials of the vendor's; correct it, or set SERVICEBUS_CONNECTION_STRING to one of its own`
    throw new DeliveryError('rejected', 'credentials', message)
  }
  const { DefaultAzureCredential } = await import('@azure/identity')
  return new DefaultAzureCredential(tenantId === undefined ? {} : { tenantId })
}
