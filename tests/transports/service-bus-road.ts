/** A queue of Service Bus, and the contract's handlers in this process: behind a consumer, or behind a function's trigger. */
import { ServiceBusClient } from '@azure/service-bus'
import { registerQueueTrigger } from '@alienplatform/sdk/azure-functions'
import { startConsumer } from '@alienplatform/sdk/service-bus'
import type { Envelope } from '../../protocol/envelope.js'
import type { Closers } from '../../workers/closers.js'
import { startFunctionsHost } from '../cloud/service-bus/functions-host.js'
import type { Namespace } from '../cloud/service-bus/namespace.js'
import '../fixtures/contract-handlers.js'
import { eventually } from '../support/eventually.js'
import { reportPushed, type Road } from './road.js'
import type { VendorSide } from './vendor-side.js'

export async function openServiceBusRoad(
  vendor: VendorSide,
  { connectionString, host, createQueue }: Namespace,
  closers: Closers,
  servedBy: 'consumer' | 'trigger',
): Promise<Road> {
  process.env['SERVICEBUS_CONNECTION_STRING'] = connectionString
  const queue = await createQueue()
  const deployment = `service-bus-${servedBy}`
  await vendor.createDeployment(deployment, { kind: 'service-bus', namespace: host, queue })
  const options = { url: vendor.link.url, deploymentId: deployment }
  if (servedBy === 'consumer') {
    const consumer = await startConsumer({ ...options, connectionString, queue, maxConcurrent: 32 })
    closers.add(consumer.close)
  } else {
    const settings = { ServiceBus: connectionString, SERVICEBUS_QUEUE: queue }
    closers.add(await startFunctionsHost(() => registerQueueTrigger(options), settings))
  }
  const bus = new ServiceBusClient(connectionString)
  closers.add(() => bus.close())
  const [sender, watching] = [bus.createSender(queue), bus.createReceiver(queue)]
  const sent = new Map<string, Buffer>()
  const client = vendor.client(deployment)
  return {
    client,
    redeliver: async ({ id }) => {
      const body = await eventually('it is in the queue', async () => {
        // Each look goes on where the last one ended.
        for (const message of await watching.peekMessages(100)) {
          const envelope = message.body as Envelope
          sent.set(envelope.invocationId, Buffer.from(JSON.stringify(envelope)))
        }
        return sent.get(id)
      })
      await sender.sendMessages({ body })
      // Messages come in order, and so the handlers had that one before this.
      await client.invoke('echo', { value: 1 })
    },
    report: reportPushed(vendor),
  }
}
