/** Package entry `./service-bus`: serves commands from a process that takes them from an Azure Service Bus queue. */
import type { ServiceBusClient, ServiceBusReceivedMessage } from '@azure/service-bus'
import { loadSdk } from '../../bindings/load-sdk.js'
import type { ErrorCode } from '../../protocol/errors.js'
import type { Consumer } from '../runtime/consumer.js'
import { createHandlerRuntime, type HandlerRuntime } from '../runtime/handler-runtime.js'
import { isDone } from '../runtime/is-done.js'
import { runtimeLog } from '../runtime/runtime-log.js'
import { runtimeSettings, type RuntimeOptions } from '../runtime/runtime-settings.js'
import { busAddress, missingSetting } from './bus-address.js'
import { Links } from './links.js'
import type { Settler } from './settler.js'

export type { Consumer } from '../runtime/consumer.js'
export type { RuntimeOptions } from '../runtime/runtime-settings.js'

export interface ConsumerOptions extends RuntimeOptions {
  /** `acme.servicebus.windows.net`, with the credentials of the environment. Default: `SERVICEBUS_NAMESPACE`. */
  readonly namespace?: string
  /** Instead of the namespace. Default: `SERVICEBUS_CONNECTION_STRING`. */
  readonly connectionString?: string
  /** Default: `SERVICEBUS_QUEUE`. */
  readonly queue?: string
  /** Handlers that run at once. Default: 16. */
  readonly maxConcurrent?: number
}

/** A message's lock is renewed for so long. */
const MAX_RUN_MS = 3_600_000

/**
 * Its identity needs "Azure Service Bus Data Receiver" on the queue.
 *
 * @throws {CommandError} `invalid_request` when a setting is missing; `BindingError` without `@azure/service-bus`
 */
export async function startConsumer(options: ConsumerOptions = {}): Promise<Consumer> {
  const runtime = createHandlerRuntime('service-bus', runtimeSettings(options))
  const queue = options.queue ?? process.env['SERVICEBUS_QUEUE'] ?? ''
  if (queue === '') throw missingSetting('SERVICEBUS_QUEUE')
  const client = await newClient(options)
  const links = new Links({
    newReceiver: () =>
      client.createReceiver(queue, {
        maxAutoLockRenewalDurationInMs: MAX_RUN_MS,
        // The runtime looks at size and depth before it reads it.
        skipParsingBodyAsJson: true,
      }),
    maxConcurrent: options.maxConcurrent ?? 16,
    take: (message, settler) => settle(runtime, settler, message),
    onError: (source, error) => runtimeLog({}).error(`${queue}: ${source}: ${error.message}`),
  })
  return {
    close: async () => {
      await links.close()
      await client.close()
    },
  }
}

const NEVER_RUN: ReadonlySet<ErrorCode> = new Set(['invalid_request', 'delivery_failed', 'payload_too_large'])

/** What can never be run goes to the dead letters at once, with the reason: it would come again at once otherwise. */
async function settle(runtime: HandlerRuntime, settler: Settler, message: ServiceBusReceivedMessage): Promise<void> {
  const end = await runtime.deliver(message.body, MAX_RUN_MS)
  if (isDone(end)) return settler.complete(message)
  if (end.kind === 'refused' && NEVER_RUN.has(end.error.code)) return settler.giveUp(message, end.error)
  return settler.giveBack(message)
}

async function newClient(options: ConsumerOptions): Promise<ServiceBusClient> {
  const what = 'a Service Bus consumer'
  const packages = ['@azure/service-bus', '@azure/identity']
  const { ServiceBusClient } = await loadSdk(what, packages, () => import('@azure/service-bus'))
  const address = busAddress(options)
  if ('connectionString' in address) return new ServiceBusClient(address.connectionString)
  const { DefaultAzureCredential } = await loadSdk(what, packages, () => import('@azure/identity'))
  return new ServiceBusClient(address.namespace, new DefaultAzureCredential())
}
