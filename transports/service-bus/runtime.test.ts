/** The consumer, on a queue of the tests' broker; `runtime.leg.ts` has what takes longer. */
import { ServiceBusClient } from '@azure/service-bus'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ServiceBusBroker } from '../../tests/cloud/service-bus/broker.js'
import type { Handler } from '../../sdk/command.js'
import { TestControlPlane, testEnvelope, testSettings } from '../runtime/control-plane.testsuite.js'
import { startConsumer } from './runtime.js'

async function world(handler: Handler) {
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
  })
  onTestFinished(() => consumer.close())
  return { queue, plane, consumer, send: (body: string) => sender.sendMessages({ body: Buffer.from(body) }) }
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
