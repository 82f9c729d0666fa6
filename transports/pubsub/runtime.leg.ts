/** Commands over Google's own Pub/Sub server for tests: pulled, and pushed into Google's functions framework. */
import * as functions from '@google-cloud/functions-framework'
import { getTestServer } from '@google-cloud/functions-framework/testing'
import { PubSub, type Message, type Topic } from '@google-cloud/pubsub'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, test, vi, type Mock } from 'vitest'
import { leg } from '../../tests/cloud/leg.js'
import { startPusher, startPushIdentity } from '../../tests/cloud/pubsub-pusher.js'
import { startPubSub } from '../../tests/cloud/servers.js'
import { listening } from '../../tests/support/listening.js'
import { createPushHandler } from '../cloud-run/runtime.js'
import { TestControlPlane, testEnvelope, testSettings } from '../runtime/control-plane.testsuite.js'
import { startSubscriber } from './runtime.js'

const PROJECT = 'alien-tests'
const ACK_DEADLINE_SECONDS = 1
const MAX_DELIVERY_ATTEMPTS = 5

interface World {
  readonly client: PubSub
  readonly topic: Topic
  readonly plane: TestControlPlane
  readonly run: Mock<(params: unknown) => unknown>
  /** Text of the messages that were given up. */
  readonly dead: string[]
}

async function startWorld(name: string) {
  process.env['PUBSUB_EMULATOR_HOST'] = await startPubSub({ minAckDeadlineSeconds: ACK_DEADLINE_SECONDS })
  const client = new PubSub({ projectId: PROJECT })
  afterAll(() => client.close())
  const [topic] = await client.createTopic(name, {})
  const [deadTopic] = await client.createTopic(`${name}-dead`, {})
  const [subscription] = await topic.createSubscription(name, {
    ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
    // Of messages without a key nothing is different.
    enableMessageOrdering: true,
    deadLetterPolicy: { deadLetterTopic: deadTopic.name, maxDeliveryAttempts: MAX_DELIVERY_ATTEMPTS },
  })
  const [deadSubscription] = await deadTopic.createSubscription('dead', { ackDeadlineSeconds: 10 })
  const dead: string[] = []
  deadSubscription.on('message', (message: Message) => {
    dead.push(message.data.toString())
    message.ack()
  })
  afterAll(() => deadSubscription.close())
  const plane = await TestControlPlane.start(afterAll)
  const run = vi.fn((params: unknown) => params)
  const { registry } = testSettings(plane, run)
  return { client, topic, subscription, plane, run, dead, options: { url: plane.url, deploymentId: 'dep_1', registry } }
}

function testDelivery({ client, topic, plane, run, dead }: World): void {
  const publish = (envelope: object) => topic.publishMessage({ data: Buffer.from(JSON.stringify(envelope)) })

  test('a result arrives', async () => {
    const envelope = testEnvelope(plane.url, { params: [0, ''], unique: '0000000000000001' })
    await publish(envelope)
    expect(await plane.responseOf(envelope)).toStrictEqual({ attempt: 1, status: 'succeeded', result: [0, ''] })
  })

  test('published five times, its handler is entered once', async () => {
    run.mockClear()
    const envelope = testEnvelope(plane.url, { unique: '0000000000000002' })
    await Promise.all(Array.from({ length: 5 }, () => publish(envelope)))
    await plane.responseOf(envelope)
    expect(run).toHaveBeenCalledTimes(1)
  })

  test('a handler that takes longer than the ack deadline is not entered again', async () => {
    run.mockClear()
    const takesLong = async () => {
      await plane.until(() => plane.heartbeats.filter(({ attempt }) => attempt === 77).length > 3)
      return 'late'
    }
    run.mockReturnValueOnce(takesLong())
    const envelope = testEnvelope(plane.url, { unique: '0000000000000003', attempt: { attempt: 77 } })
    await publish(envelope)
    expect(await plane.responseOf(envelope)).toMatchObject({ result: 'late' })
    expect(run).toHaveBeenCalledTimes(1)
  })

  test('a poison message goes to the dead letters, and its invocation hears why', async () => {
    const envelope = { ...testEnvelope(plane.url, { unique: '0000000000000004' }), version: 9 }
    await publish(envelope)
    // Google's server for tests gives it up again and again: it does not take it out of the subscription.
    await vi.waitFor(() => expect(new Set(dead)).toStrictEqual(new Set([JSON.stringify(envelope)])), {
      timeout: 20_000,
    })
    const told = plane.responses.filter(({ status }) => status === 'failed')
    expect(told).toHaveLength(MAX_DELIVERY_ATTEMPTS)
    expect(told[0]).toMatchObject({ error: { code: 'invalid_request' } })
  })

  // Pub/Sub pushes what has one key one after another, and its server for tests hands it out so as well.
  test('what has one key is run in its order, and a poison message of another does not hold it up', async () => {
    run.mockClear()
    let running = 0
    const ran: unknown[] = []
    run.mockImplementation(async (params: unknown) => {
      running += 1
      // Longer than the client holds acknowledgments back.
      await delay(300)
      ran.push({ params, running })
      running -= 1
    })
    const ordered = client.topic(topic.name, { messageOrdering: true })
    const envelopes = Array.from({ length: 5 }, (_, index) =>
      testEnvelope(plane.url, { params: index, unique: `keyed${String(index).padStart(16, '0')}` }),
    )
    const poison = { ...testEnvelope(plane.url, { unique: '0000000000000005' }), version: 9 }
    await ordered.publishMessage({ data: Buffer.from(JSON.stringify(poison)), orderingKey: 'globex' })
    for (const envelope of envelopes) {
      await ordered.publishMessage({ data: Buffer.from(JSON.stringify(envelope)), orderingKey: 'acme' })
    }
    await Promise.all(envelopes.map((envelope) => plane.responseOf(envelope)))
    expect(ran).toStrictEqual(envelopes.map(({ params }) => ({ params, running: 1 })))
    run.mockImplementation((params: unknown) => params)
  })

  test('1,000 commands: 1,000 right results, no effect twice', async () => {
    run.mockClear()
    const envelopes = Array.from({ length: 1_000 }, (_, index) =>
      testEnvelope(plane.url, { params: index, unique: `many${String(index).padStart(16, '0')}` }),
    )
    await Promise.all(envelopes.map((envelope) => publish(envelope)))
    const responses = await Promise.all(envelopes.map((envelope) => plane.responseOf(envelope)))
    const results = responses.map((response) => (response?.status === 'succeeded' ? response.result : undefined))
    expect(results).toStrictEqual(envelopes.map(({ params }) => params))
    expect(run).toHaveBeenCalledTimes(1_000)
  })
}

await leg(
  'Pub/Sub, pulled',
  async () => {
    const world = await startWorld('pull')
    const subscription = `projects/${PROJECT}/subscriptions/pull`
    const consumer = await startSubscriber({ ...world.options, subscription, maxConcurrent: 32 })
    afterAll(() => consumer.close())
    return world
  },
  testDelivery,
)

await leg(
  'Pub/Sub, pulled by a process that stops',
  async () => {
    const world = await startWorld('stopping')
    const subscription = `projects/${PROJECT}/subscriptions/stopping`
    return { ...world, consumer: await startSubscriber({ ...world.options, subscription }) }
  },
  ({ topic, subscription, plane, run, consumer }) => {
    test('what its handlers work on is held until they end, and comes to nobody else', async () => {
      const beats = () => plane.heartbeats.length
      let closing: Promise<void> | undefined
      run.mockImplementationOnce(async () => {
        closing = consumer.close()
        subscription.on('message', (message: Message) => {
          others.push(message.data.toString())
          message.ack()
        })
        await plane.until(() => beats() > 3)
        return 'ended'
      })
      const others: string[] = []
      const envelope = testEnvelope(plane.url, { unique: '0000000000000011' })
      await topic.publishMessage({ data: Buffer.from(JSON.stringify(envelope)) })
      expect(await plane.responseOf(envelope)).toMatchObject({ result: 'ended' })
      await closing
      await topic.publishMessage({ data: Buffer.from('afterwards') })
      await vi.waitFor(() => expect(others).toContain('afterwards'), { timeout: 20_000 })
      expect(others).toStrictEqual(['afterwards'])
      await subscription.close()
    })
  },
)

await leg(
  'Pub/Sub, pushed into the functions framework',
  async () => {
    const world = await startWorld('push')
    const identity = await startPushIdentity()
    const [audience, serviceAccount] = ['https://alien.example', 'pusher@alien-tests.iam.gserviceaccount.com']
    const { certificatesUrl } = identity
    functions.http('alien', createPushHandler({ ...world.options, audience, serviceAccount, certificatesUrl }))
    const server = getTestServer('alien')
    const url = `http://127.0.0.1:${await listening(server)}/`
    afterAll(() => void server.close())
    startPusher(world.subscription, url, () => identity.token(audience, serviceAccount))
    return { ...world, url, identity, audience, serviceAccount }
  },
  (world) => {
    testDelivery(world)

    test.each([
      ['no token', () => undefined],
      ['a token for another audience', () => world.identity.token('https://other.example', world.serviceAccount)],
      ["another account's token", () => world.identity.token(world.audience, 'other@alien.example')],
      [
        'a token that somebody else signed',
        () => `${world.identity.token(world.audience, world.serviceAccount).slice(0, -8)}AAAAAAAA`,
      ],
    ])('with %s nothing is run', async (_, token) => {
      world.run.mockClear()
      const data = Buffer.from(JSON.stringify(testEnvelope(world.plane.url, { unique: '0000000000000009' }))).toString(
        'base64',
      )
      const given = token()
      const { status } = await fetch(world.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(given === undefined ? {} : { authorization: `Bearer ${given}` }),
        },
        body: JSON.stringify({ message: { data } }),
      })
      expect([status, world.run.mock.calls.length]).toStrictEqual([401, 0])
    })
  },
)
