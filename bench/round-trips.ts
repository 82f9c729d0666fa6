/** What the servers that stand for the clouds take by themselves, with nothing of ours: to a function, or a subscriber. */
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus'
import { PubSub } from '@google-cloud/pubsub'
import { zipSync } from 'fflate'
import { createServer } from 'node:http'
import { listening } from '../tests/support/listening.js'
import { createFunction, useLambda } from '../tests/transports/lambda-road.js'
import type { Closers } from '../workers/closers.js'
import type { ServiceBusReady } from './product/service-bus.js'

type RoundTrip = () => Promise<unknown>

/** Answers, or, with an address in its event, asks there, and so says that it was reached. */
const FUNCTION = `export const handler = async ({ url }) => url === undefined ? {} : (await fetch(url)).status`

export async function lambdaRoundTrips(
  endpoint: string,
  closers: Closers,
): Promise<{ readonly event: RoundTrip; readonly answer: RoundTrip }> {
  const lambda: LambdaClient = useLambda(endpoint)
  closers.add(() => lambda.destroy())
  await createFunction(lambda, 'bare', zipSync({ 'index.mjs': Buffer.from(FUNCTION) }))
  let reached: () => void = () => undefined
  const server = createServer((_, response) => {
    response.end()
    reached()
  })
  const port = await listening(server)
  closers.add(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${port}/`
  const invoke = (InvocationType: 'Event' | 'RequestResponse', event: object) =>
    lambda.send(new InvokeCommand({ FunctionName: 'bare', InvocationType, Payload: JSON.stringify(event) }))
  return {
    answer: () => invoke('RequestResponse', {}),
    event: async () => {
      const isReached = new Promise<void>((resolve) => (reached = resolve))
      await invoke('Event', { url })
      await isReached
    },
  }
}

export async function pubsubRoundTrip(host: string, closers: Closers): Promise<RoundTrip> {
  process.env['PUBSUB_EMULATOR_HOST'] = host
  const client = new PubSub({ projectId: 'alien-tests' })
  closers.add(() => client.close())
  await client.createTopic('bare', {})
  const topic = client.topic('bare', { batching: { maxMessages: 1 } })
  const [subscription] = await topic.createSubscription('bare', { ackDeadlineSeconds: 10 })
  let received: () => void = () => undefined
  subscription.on('message', (message: { ack: () => void }) => {
    message.ack()
    received()
  })
  closers.add(() => subscription.close())
  return async () => {
    const isReceived = new Promise<void>((resolve) => (received = resolve))
    await topic.publishMessage({ data: Buffer.from('{}') })
    await isReceived
  }
}

export function serviceBusRoundTrip(
  { connectionString, bareQueue }: Pick<ServiceBusReady, 'connectionString' | 'bareQueue'>,
  closers: Closers,
): RoundTrip {
  const client = new ServiceBusClient(connectionString)
  closers.add(() => client.close())
  const sender = client.createSender(bareQueue)
  let received: () => void = () => undefined
  const receiver = client.createReceiver(bareQueue)
  const processMessage = (message: ServiceBusReceivedMessage): Promise<void> => {
    received()
    return receiver.completeMessage(message)
  }
  // What fails shows as a call that does not end.
  receiver.subscribe({ processMessage, processError: () => Promise.resolve() }, { autoCompleteMessages: false })
  return async () => {
    const isReceived = new Promise<void>((resolve) => (received = resolve))
    await sender.sendMessages({ body: Buffer.from('{}') })
    await isReceived
  }
}
