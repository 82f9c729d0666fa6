/** A topic of Pub/Sub, and a subscriber in this process, which has the contract's handlers. */
import { PubSub, type Message, type Subscription, type Topic } from '@google-cloud/pubsub'
import { randomUUID } from 'node:crypto'
import { startSubscriber } from '@alienplatform/sdk/pubsub'
import type { Envelope } from '../../protocol/envelope.js'
import type { Closers } from '../../workers/closers.js'
import { eventually } from '../support/eventually.js'
import '../fixtures/contract-handlers.js'
import { reportPushed, type Road } from './road.js'
import type { VendorSide } from './vendor-side.js'

const PROJECT = 'alien-tests'

/**
 * On Google's server for tests.
 *
 * @param host of the server, as `PUBSUB_EMULATOR_HOST` has it
 */
export async function openPubsubRoad(vendor: VendorSide, host: string, closers: Closers): Promise<Road> {
  process.env['PUBSUB_EMULATOR_HOST'] = host
  return openRoad(vendor, PROJECT, closers)
}

/** On Google's own. What is made there is deleted at the end. */
export const openGoogleRoad = (vendor: VendorSide, projectId: string, closers: Closers): Promise<Road> =>
  openRoad(vendor, projectId, closers, (made) => closers.add(() => made.delete()))

type Made = Topic | Subscription

async function openRoad(
  vendor: VendorSide,
  projectId: string,
  closers: Closers,
  onMade: (made: Made) => void = () => undefined,
): Promise<Road> {
  const name = `alien-tests-${randomUUID()}`
  const pubsub = new PubSub({ projectId })
  closers.add(() => pubsub.close())
  const [topic] = await pubsub.createTopic(name, {})
  onMade(topic)
  const [subscription] = await topic.createSubscription(name, { ackDeadlineSeconds: 10 })
  onMade(subscription)
  const [watching] = await topic.createSubscription(`${name}-watching`, { ackDeadlineSeconds: 10 })
  onMade(watching)
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
    subscription: subscription.name,
    maxConcurrent: 32,
  })
  closers.add(consumer.close)
  await vendor.createDeployment('pubsub', { kind: 'pubsub', topic: topic.name })
  const client = vendor.client('pubsub')
  return {
    client,
    redeliver: async ({ id }) => {
      await topic.publishMessage({ data: await eventually('it is published', () => published.get(id)) })
      // Messages come in order, if nobody is in their way, and so the subscriber had that one before this.
      await client.invoke('echo', { value: 1 })
    },
    report: reportPushed(vendor),
  }
}
