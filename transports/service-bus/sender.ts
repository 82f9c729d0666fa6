/**
 * Sends to a deployment's queue, with the credential that Azure's library finds by itself, or with the connection string
 * in `SERVICEBUS_CONNECTION_STRING` when that is of the deployment's namespace.
 */
import type { ServiceBusClient, ServiceBusSender as SdkSender } from '@azure/service-bus'
import { lazy } from '../../bindings/lazy.js'
import { loadSdk } from '../../bindings/load-sdk.js'
import { encodeEnvelope, ENVELOPE_MAX_BYTES, type Envelope } from '../../protocol/envelope.js'
import type { ServiceBusTransport } from '../../protocol/transport.js'
import { DeliveryError } from '../delivery-error.js'
import { deliveryError, type Target } from '../sdk-error.js'
import type { Sender } from '../sender.js'

const SEND_TIMEOUT_MS = 10_000

/** What AMQP puts around a message's body. */
const FRAME_BYTES = 4 * 1024

interface Connection {
  readonly client: ServiceBusClient
  readonly sender: SdkSender
}

export class ServiceBusSender implements Sender {
  readonly #target: Target
  readonly #connection: () => Promise<Connection>
  /** Of the queue's link, which says what the entity takes. */
  readonly #maxBytes: () => Promise<number>

  constructor(transport: ServiceBusTransport) {
    const { namespace, queue } = transport
    this.#target = {
      service: 'Service Bus',
      resource: `queue ${queue} in ${namespace}`,
      permission: 'the role "Azure Service Bus Data Sender" on it to the vendor worker\'s identity',
    }
    this.#connection = lazy(() => connect(transport))
    this.#maxBytes = lazy(async () => {
      const { sender } = await this.#connection()
      const { maxSizeInBytes } = await sender.createMessageBatch()
      return Math.max(maxSizeInBytes - FRAME_BYTES, ENVELOPE_MAX_BYTES['service-bus'])
    })
  }

  async send(envelope: Envelope): Promise<undefined> {
    try {
      const { sender } = await this.#connection()
      const body = encodeEnvelope(envelope, 'Service Bus', await this.#maxBytes())
      const { invocationId, attempt } = envelope
      // The id lets a queue that looks for duplicates drop a message which is sent twice.
      await sender.sendMessages({
        body,
        contentType: 'application/json',
        messageId: `${invocationId}/${attempt.attempt}`,
      })
    } catch (error) {
      throw serviceBusError(this.#target, error)
    }
  }

  async close(): Promise<void> {
    const { client } = await this.#connection()
    await client.close()
  }
}

async function connect(transport: ServiceBusTransport): Promise<Connection> {
  const { namespace, queue, tenantId } = transport
  const options = { retryOptions: { maxRetries: 0, timeoutInMs: SEND_TIMEOUT_MS } }
  return loadSdk('a deployment on Service Bus', ['@azure/service-bus', '@azure/identity'], async () => {
    const { ServiceBusClient, parseServiceBusConnectionString } = await import('@azure/service-bus')
    const shared = process.env['SERVICEBUS_CONNECTION_STRING'] ?? ''
    const isShared =
      shared !== '' && hostOf(parseServiceBusConnectionString(shared).endpoint) === namespace.toLowerCase()
    const client = isShared
      ? new ServiceBusClient(shared, options)
      : new ServiceBusClient(namespace, await credential(tenantId), options)
    return { client, sender: client.createSender(queue) }
  })
}

const hostOf = (endpoint: string): string =>
  endpoint
    .replace(/^sb:\/\//, '')
    .replace(/\/+$/, '')
    .toLowerCase()

async function credential(tenantId: string | undefined) {
  const { DefaultAzureCredential } = await import('@azure/identity')
  return new DefaultAzureCredential(tenantId === undefined ? {} : { tenantId })
}

/** Service Bus has no status, but words. */
function serviceBusError(target: Target, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const { resource } = target
  switch (code) {
    case 'MessagingEntityNotFound':
    case 'MessagingEntityDisabled':
      return new DeliveryError(
        'rejected',
        'delivery',
        `${resource}: there is no such queue, or it is disabled (${code}); create it, or set the transport again`,
        error,
      )
    case 'UnauthorizedAccess':
      return new DeliveryError(
        'rejected',
        'delivery',
        `${resource}: Service Bus denies it (${code}); give ${target.permission}`,
        error,
      )
    case 'QuotaExceeded':
    case 'ServiceBusy':
      return new DeliveryError('not_now', 'delivery', `${resource}: Service Bus does not take it now (${code})`, error)
    default:
      return deliveryError(target, error)
  }
}
