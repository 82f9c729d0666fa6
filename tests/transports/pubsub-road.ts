/** A topic on Google's server for tests, and a subscriber in this process, which has the contract's handlers. */
import { PubSub, type Message } from '@google-cloud/pubsub'
import { startSubscriber } from '@alienplatform/sdk/pubsub'
import type { Envelope } from '../../protocol/envelope.js'
import type { Closers } from '../../workers/closers.js'
import { eventually } from '../support/eventually.js'
import '../fixtures/contract-handlers.js'
import { reportPushed, type Road } from './road.js'
import type { VendorSide } from './vendor-side.js'

const PROJECT = 'alien-tests'
const NAME = 'commands'

/** @param host of the server, as `PUBSUB_EMULATOR_HOST` has it */
export async function openPubsubRoad(vendor: VendorSide, host: string, closers: Closers): Promise<Road> {
  process.env['PUBSUB_EMULATOR_HOST'] = host
  const pubsub = new PubSub({ projectId: PROJECT })
  closers.add(() => pubsub.close())
  const [topic] = await pubsub.createTopic(NAME, {})
  await topic.createSubscription(NAME, { ackDeadlineSeconds: 10 })
  const [watching] = await topic.createSubscription('watching', { ackDeadlineSeconds: 10 })
  const published = new Map<string, Buffer>()
  watching.on('message', (message: Message) => {
    const { invocationId } = JSON.parse(message.data.toString()) as Envelope
    published.set(invocationId, message.data)
    message.ack()
  })
  closers.add(() => watching.close())
  const consumer = await startSubscriber({
    url: vendor.link.url,
    deploymentId: 'pubsub',
    subscription: `projects/${PROJECT}/subscriptions/${NAME}`,
    maxConcurrent: 32,
  })
  closers.add(consumer.close)
  await vendor.createDeployment('pubsub', { kind: 'pubsub', topic: `projects/${PROJECT}/topics/${NAME}` })
  const client = vendor.client('pubsub')
  return {
    client,
    redeliver: async ({ id }) => {
      await topic.publishMessage({ data: await eventually('it is published', () => published.get(id)) })
      // Messages come in order, and so the subscriber had that one before this.
      await client.invoke('echo', { value: 1 })
    },
    report: reportPushed(vendor),
  }
}
