/** The consumer, on a queue of the tests' broker; `runtime.leg.ts` has what takes longer. */
import { ServiceBusClient } from '@azure/service-bus'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ServiceBusBroker } from '../../tests/cloud/service-bus/broker.js'
import type { Handler } from '../../sdk/command.js'
import { TestControlPlane, testEnvelope, testSettings } from '../runtime/control-plane.testsuite.js'
import { startConsumer, type ConsumerOptions } from './runtime.js'

async function world(handler: Handler, options: Pick<ConsumerOptions, 'maxConcurrent'> = {}) {
  const bus = await ServiceBusBroker.start()
  onTestFinished(() => bus.close())
  const queue = bus.createQueue('commands', { maxMessageBytes: 11_000_000 })
  const connectionString = bus.connectionString()
  const client = new ServiceBusClient(connectionString)
  onTestFinished(() => client.close())
  const sender = client.createSender('commands')
  const plane = await TestControlPlane.start()
  const { registry } = testSettings(plane, handler)
  const consumer = await startConsumer({
    url: plane.url,
    deploymentId: 'dep_1',
    registry,
    connectionString,
    queue: 'commands',
    ...options,
  })
  onTestFinished(() => consumer.close())
  const send = (...bodies: string[]) => sender.sendMessages(bodies.map((body) => ({ body: Buffer.from(body) })))
  return { queue, plane, consumer, send }
}

test('what it is given is run, reported, and gone from the queue', async () => {
  const { queue, plane, send } = await world(({ days }: { days: number }) => ({ days }))
  const envelope = testEnvelope(plane.url, { params: { days: 3 } })
  await send(JSON.stringify(envelope))
  expect(await plane.responseOf(envelope)).toStrictEqual({ attempt: 1, status: 'succeeded', result: { days: 3 } })
  await expect.poll(() => queue.messages).toEqual([])
})

const elsewhere = testEnvelope('http://127.0.0.1:1')

test.each([
  ['no JSON', '{', 'invalid_request', 'bad envelope: it is no JSON'],
  ['another version', '{"version":2}', 'invalid_request', 'bad envelope: it is of version 2, '],
  [
    'JSON too deep to be read',
    `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    'invalid_request',
    'bad envelope: its JSON is more than ',
  ],
  ['too much', 'x'.repeat(10_000_001), 'payload_too_large', 'bad envelope: 10000001 bytes'],
  ["another control plane's", JSON.stringify(elsewhere), 'delivery_failed', 'the envelope wants its response at '],
])('%s goes to the dead letters at its first delivery, with the reason', async (_, body, code, reason) => {
  const handler = vi.fn()
  const { queue, send } = await world(handler)
  await send(body)
  await expect.poll(() => queue.deadLetters?.messages.length, { timeout: 10_000 }).toBe(1)
  expect(queue.deadLetters?.messages[0]).toMatchObject({
    deliveryCount: 0,
    message: {
      application_properties: {
        DeadLetterReason: code,
        DeadLetterErrorDescription: expect.stringContaining(reason) as string,
      },
    },
  })
  expect(handler).not.toHaveBeenCalled()
})

test('it stops when what is under way is settled, and takes nothing more', async () => {
  let end: (value: unknown) => void = () => undefined
  const handler = vi.fn(() => new Promise((resolve) => (end = resolve)))
  const { queue, plane, consumer, send } = await world(handler)
  await send(JSON.stringify(testEnvelope(plane.url)))
  await expect.poll(() => handler.mock.calls.length).toBe(1)
  const closing = consumer.close().then(() => 'closed')
  expect(await Promise.race([closing, delay(500)])).toBeUndefined()
  end('done')
  await closing
  expect(plane.responses).toMatchObject([{ result: 'done' }])
  expect(queue.messages).toEqual([])
  await send(JSON.stringify(testEnvelope(plane.url, { unique: '0000000000000002' })))
  expect(queue.messages).toHaveLength(1)
})

test('one that is worked on for long does not hold up thousands behind it, and no more run at once for that', async () => {
  const [QUICK, AT_ONCE] = [2_100, 4]
  let running = 0
  let ran = 0
  let end: () => void = () => undefined
  const ended = new Promise<void>((resolve) => (end = resolve))
  const handler = async ({ isLong }: { isLong: boolean }): Promise<void> => {
    running += 1
    if (isLong) await ended
    else ran += 1
    running -= 1
  }
  const { queue, plane, consumer, send } = await world(handler, { maxConcurrent: AT_ONCE })
  const long = [true, ...Array<boolean>(QUICK).fill(false), ...Array<boolean>(AT_ONCE).fill(true)]
  const bodies = long.map((isLong, index) =>
    JSON.stringify(testEnvelope(plane.url, { params: { isLong }, unique: String(index).padStart(16, '0') })),
  )
  while (bodies.length > 0) await send(...bodies.splice(0, 100))
  await plane.until(() => ran === QUICK && running === AT_ONCE)
  await delay(500)
  expect(running).toBe(AT_ONCE)
  // That of the first message, and the one that takes more.
  expect(queue.receivers).toBe(2)
  end()
  await plane.until(() => plane.responses.length === long.length)
  await consumer.close()
  expect(queue.messages).toEqual([])
}, 60_000)
