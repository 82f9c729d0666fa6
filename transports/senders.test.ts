import { expect, test, vi } from 'vitest'
import { LambdaSender } from './lambda/sender.js'
import { PubsubSender } from './pubsub/sender.js'
import { ServiceBusSender } from './service-bus/sender.js'

const loaded: string[] = []
for (const sdk of ['@aws-sdk/client-lambda', '@google-cloud/pubsub', '@azure/service-bus']) {
  vi.doMock(sdk, () => {
    loaded.push(sdk)
    throw new Error('loaded')
  })
}

const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:commands'

test.each([
  ['Lambda', new LambdaSender({ kind: 'lambda', functionArn, invocation: 'event' }, { id: 'dep_1', name: 'acme' })],
  ['Pub/Sub', new PubsubSender({ kind: 'pubsub', topic: 'projects/acme/topics/commands' })],
  ['Service Bus', new ServiceBusSender({ kind: 'service-bus', namespace: 'acme.example', queue: 'commands' })],
])('%s: one that was never used opens nothing when it is closed', async (_, sender) => {
  await sender.close()
  expect(loaded).toEqual([])
})
