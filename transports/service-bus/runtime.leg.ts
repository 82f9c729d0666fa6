/** Commands over a queue: to a consumer, and to a function that the queue triggers. */
import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus'
import { afterAll, expect, test, vi } from 'vitest'
import { leg } from '../../tests/cloud/leg.js'
import { startFunctionsHost } from '../../tests/cloud/service-bus/functions-host.js'
import { openNamespace } from '../../tests/cloud/service-bus/namespace.js'
import { registerQueueTrigger } from '../azure-functions/runtime.js'
import { TestControlPlane, testEnvelope, testSettings } from '../runtime/control-plane.testsuite.js'
import { startConsumer } from './runtime.js'

/** The shortest that the service has. */
const LOCK_MS = 5_000
const MAX_DELIVERY_COUNT = 3

async function startWorld() {
  const { connectionString, createQueue } = await openNamespace()
  const queue = await createQueue({ lockMs: LOCK_MS, maxDeliveryCount: MAX_DELIVERY_COUNT })
  const client = new ServiceBusClient(connectionString)
  afterAll(() => client.close())
  const dead: ServiceBusReceivedMessage[] = []
  client.createReceiver(queue, { subQueueType: 'deadLetter' }).subscribe({
    processMessage: (message) => {
      dead.push(message)
      return Promise.resolve()
    },
    processError: () => Promise.resolve(),
  })
  const sender = client.createSender(queue)
  const send = (envelope: object) => sender.sendMessages({ body: Buffer.from(JSON.stringify(envelope)) })
  const plane = await TestControlPlane.start(afterAll)
  const run = vi.fn((params: unknown) => params)
  const { registry } = testSettings(plane, run)
  const options = { url: plane.url, deploymentId: 'dep_1', registry }
  return { connectionString, queue, send, dead, plane, run, options }
}

type World = Awaited<ReturnType<typeof startWorld>>

function testDelivery({ send, plane, run }: World): void {
  test('a result arrives', async () => {
    const envelope = testEnvelope(plane.url, { params: [0, ''], unique: '0000000000000001' })
    await send(envelope)
    expect(await plane.responseOf(envelope)).toStrictEqual({ attempt: 1, status: 'succeeded', result: [0, ''] })
  })

  test('sent five times, its handler is entered once', async () => {
    run.mockClear()
    const envelope = testEnvelope(plane.url, { unique: '0000000000000002' })
    await Promise.all(Array.from({ length: 5 }, () => send(envelope)))
    await plane.responseOf(envelope)
    expect(run).toHaveBeenCalledTimes(1)
  })

  test('a handler that takes longer than its lock is not entered again', async () => {
    run.mockClear()
    const beats = () => plane.heartbeats.filter(({ attempt }) => attempt === 77).length
    run.mockReturnValueOnce(plane.until(() => beats() > LOCK_MS / 1_000 + 3).then(() => 'late'))
    const envelope = testEnvelope(plane.url, { unique: '0000000000000003', attempt: { attempt: 77 } })
    await send(envelope)
    expect(await plane.responseOf(envelope)).toMatchObject({ result: 'late' })
    expect(run).toHaveBeenCalledTimes(1)
  })
}

/** What was told of a message that can never be run, when it has come to the dead letters. */
async function givenUp({ send, dead, plane }: World) {
  const envelope = { ...testEnvelope(plane.url, { unique: '0000000000000004' }), version: 9 }
  await send(envelope)
  await vi.waitFor(() => expect(dead).toHaveLength(1), { timeout: 20_000 })
  return { dead: dead[0], told: plane.responses.filter(({ status }) => status === 'failed') }
}

const REFUSED = { status: 'failed', error: { code: 'invalid_request' } }

await leg(
  'Service Bus, consumed',
  async () => {
    const world = await startWorld()
    const { connectionString, queue, options } = world
    const consumer = await startConsumer({ ...options, connectionString, queue })
    afterAll(() => consumer.close())
    return world
  },
  (world) => {
    testDelivery(world)

    test('a poison message goes to the dead letters at once, and its invocation hears why', async () => {
      const { dead, told } = await givenUp(world)
      expect(dead).toMatchObject({
        deadLetterReason: 'invalid_request',
        deadLetterErrorDescription: expect.stringContaining('it is of version 9') as string,
        deliveryCount: 0,
      })
      expect(told).toMatchObject([REFUSED])
    })
  },
)

await leg(
  'Service Bus, triggering an Azure Function',
  async () => {
    const world = await startWorld()
    const settings = { ServiceBus: world.connectionString, SERVICEBUS_QUEUE: world.queue }
    afterAll(await startFunctionsHost(() => registerQueueTrigger(world.options), settings))
    return world
  },
  (world) => {
    testDelivery(world)

    test('a poison message goes to the dead letters after the queue’s deliveries, and its invocation hears why', async () => {
      const { dead, told } = await givenUp(world)
      expect(dead).toMatchObject({
        deadLetterReason: 'MaxDeliveryCountExceeded',
        deliveryCount: MAX_DELIVERY_COUNT,
      })
      expect(told).toMatchObject(Array.from({ length: MAX_DELIVERY_COUNT }, () => REFUSED))
    })
  },
)
