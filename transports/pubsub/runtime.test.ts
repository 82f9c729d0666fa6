/** What a subscriber is told of before it asks Pub/Sub for anything; `runtime.leg.ts` has the rest. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { startSubscriber } from './runtime.js'

const options = { url: 'https://alien.example', deploymentId: 'dep_1' }

test.each([
  'projects/acme-prod/subscriptions/commands',
  'projects/acme.example:acme-prod/subscriptions/commands',
  'projects/123456789012/subscriptions/commands',
])('%s is the name of one', async (subscription) => {
  // Nobody listens there: it starts, and looks for Pub/Sub until it is closed.
  vi.stubEnv('PUBSUB_EMULATOR_HOST', '127.0.0.1:1')
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none')
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect((await startSubscriber({ ...options, subscription })).close()).resolves.toBeUndefined()
})

test.each(['', 'commands', 'projects/acme-prod/topics/commands', 'projects/acme prod/subscriptions/commands'])(
  '%j is none',
  async (subscription) => {
    await expect(startSubscriber({ ...options, subscription })).rejects.toMatchObject({
      code: 'invalid_request',
      message: `subscription ${JSON.stringify(subscription)} must be projects/PROJECT/subscriptions/SUBSCRIPTION (ALIEN_SUBSCRIPTION)`,
    })
  },
)
