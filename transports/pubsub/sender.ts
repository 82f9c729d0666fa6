/** Publishes to a deployment's topic, with the credentials that Google's library finds by itself. */
import type { PubSub, Topic } from '@google-cloud/pubsub'
import { lazy, type Lazy } from '../../bindings/lazy.js'
import { loadSdk } from '../../bindings/load-sdk.js'
import { encodeEnvelope, ENVELOPE_MAX_BYTES, type Envelope } from '../../protocol/envelope.js'
import type { PubsubTransport } from '../../protocol/transport.js'
import { deliveryError, type Target } from '../sdk-error.js'
import type { Sender } from '../sender.js'

const PUBLISH_TIMEOUT_MS = 10_000

interface Connection {
  readonly client: PubSub
  readonly topic: Topic
}

export class PubsubSender implements Sender {
  readonly #target: Target
  readonly #connection: Lazy<Connection>

  constructor({ topic }: PubsubTransport) {
    this.#target = {
      service: 'Pub/Sub',
      resource: `topic ${topic}`,
      permission: "roles/pubsub.publisher on it for the vendor worker's service account",
    }
    this.#connection = lazy(() => connect(topic))
  }

  async send(envelope: Envelope): Promise<undefined> {
    const data = encodeEnvelope(envelope, 'Pub/Sub', ENVELOPE_MAX_BYTES.pubsub)
    try {
      const { topic } = await this.#connection()
      await topic.publishMessage({ data })
    } catch (error) {
      throw deliveryError(this.#target, error)
    }
  }

  async close(): Promise<void> {
    const connection = await this.#connection.made
    await connection?.client.close()
  }
}

async function connect(name: string): Promise<Connection> {
  const { PubSub } = await loadSdk(
    'a deployment on Pub/Sub',
    ['@google-cloud/pubsub'],
    () => import('@google-cloud/pubsub'),
  )
  const client = new PubSub({ projectId: name.split('/')[1] ?? '' })
  const topic = client.topic(name, {
    // Each waits for its own answer, so that holding some back to send them together would only take time.
    batching: { maxMessages: 1 },
    // No code is tried again here: the invocation's workflow does, and knows what that means.
    gaxOpts: { timeout: PUBLISH_TIMEOUT_MS, retry: { retryCodes: [] } },
  })
  return { client, topic }
}
