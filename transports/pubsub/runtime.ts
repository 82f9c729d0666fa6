/** Package entry `./pubsub`: serves commands from a process that pulls them from a Pub/Sub subscription. */
import type { Message } from '@google-cloud/pubsub'
import { loadSdk } from '../../bindings/load-sdk.js'
import { CommandError } from '../../protocol/errors.js'
import { PUBSUB_SUBSCRIPTION } from '../../protocol/pubsub-name.js'
import { UnderWay, type Consumer } from '../runtime/consumer.js'
import { createHandlerRuntime } from '../runtime/handler-runtime.js'
import { isDone } from '../runtime/is-done.js'
import { runtimeLog } from '../runtime/runtime-log.js'
import { runtimeSettings, type RuntimeOptions } from '../runtime/runtime-settings.js'

export type { Consumer } from '../runtime/consumer.js'
export type { RuntimeOptions } from '../runtime/runtime-settings.js'

export interface SubscriberOptions extends RuntimeOptions {
  /** `projects/PROJECT/subscriptions/SUBSCRIPTION`. Default: `ALIEN_SUBSCRIPTION`. */
  readonly subscription?: string
  /** Handlers that run at once. Default: 16. */
  readonly maxConcurrent?: number
}

/** The client extends its lease on a message for so long. */
const MAX_RUN_MS = 3_600_000

/**
 * Credentials are those of the environment; they need `roles/pubsub.subscriber` on the subscription.
 *
 * @throws {CommandError} `invalid_request` when a setting is missing; `BindingError` without `@google-cloud/pubsub`
 */
export async function startSubscriber(options: SubscriberOptions = {}): Promise<Consumer> {
  const runtime = createHandlerRuntime('pubsub', runtimeSettings(options))
  const { name, projectId } = subscriptionOf(options.subscription ?? process.env['ALIEN_SUBSCRIPTION'] ?? '')
  const { PubSub, SubscriptionCloseBehaviors } = await loadSdk(
    'a Pub/Sub subscriber',
    ['@google-cloud/pubsub'],
    () => import('@google-cloud/pubsub'),
  )
  const client = new PubSub({ projectId })
  const subscription = client.subscription(name, {
    flowControl: { maxMessages: options.maxConcurrent ?? 16 },
    // Else it gives back what handlers still work on, and another process enters them again.
    closeOptions: { behavior: SubscriptionCloseBehaviors.WaitForProcessing },
  })
  const underWay = new UnderWay()
  const take = async (message: Message): Promise<void> => {
    if (isDone(await runtime.deliver(message.data, MAX_RUN_MS))) message.ack()
    else message.nack()
  }
  // It stays until the end: the client closes at once, in its own way, when nobody listens any more.
  subscription.on('message', (message: Message) => void underWay.track(take(message)))
  // The client goes on by itself after what may pass.
  subscription.on('error', (error: Error) => runtimeLog({}).error(`${name}: ${error.message}`))
  return {
    close: async () => {
      await subscription.close()
      await underWay.ended()
      await client.close()
    },
  }
}

function subscriptionOf(name: string): { readonly name: string; readonly projectId: string } {
  const projectId = PUBSUB_SUBSCRIPTION.exec(name)?.[1]
  if (projectId !== undefined) return { name, projectId }
  throw new CommandError(
    'invalid_request',
    `subscription ${JSON.stringify(name)} must be projects/PROJECT/subscriptions/SUBSCRIPTION (ALIEN_SUBSCRIPTION)`,
  )
}
