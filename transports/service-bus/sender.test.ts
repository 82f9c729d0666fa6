/** Our sender and Microsoft's SDK, against a broker. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ServiceBusBroker } from '../../tests/cloud/service-bus/broker.js'
import type { QueueOptions } from '../../tests/cloud/service-bus/queue.js'
import { testEnvelope } from '../runtime/control-plane.testsuite.js'
import { ServiceBusSender } from './sender.js'

let bus: ServiceBusBroker

beforeAll(async () => {
  bus = await ServiceBusBroker.start()
})

afterAll(() => bus.close())

/** To `queue`, which is as `options` say; closed with the test. */
function senderTo(name: string, { connectionString = bus.connectionString(), namespace = bus.namespace } = {}) {
  vi.stubEnv('SERVICEBUS_CONNECTION_STRING', connectionString)
  return new ServiceBusSender({ kind: 'service-bus', namespace, queue: name })
}

const queues = { made: 0 }

function world(options: QueueOptions = {}) {
  const queue = bus.createQueue(`commands-${(queues.made += 1)}`, options)
  return { queue, sender: senderTo(queue.name) }
}

const envelope = testEnvelope('https://alien.example')
const ofBytes = (bytes: number) => testEnvelope('https://alien.example', { params: 'x'.repeat(bytes) })

const failure = (sending: Promise<unknown>): Promise<unknown> =>
  sending.then(
    () => undefined,
    (error: unknown) => error,
  )

test('an envelope is a message with its JSON, of an id by which duplicates are told', async () => {
  const { queue, sender } = world({ detectsDuplicates: true })
  await sender.send(envelope)
  await sender.send(envelope)
  expect(queue.messages).toHaveLength(1)
  const [{ message } = { message: undefined }] = queue.messages
  expect(message).toMatchObject({ message_id: `${envelope.invocationId}/1`, content_type: 'application/json' })
  expect(JSON.parse(String((message?.body as { content: Buffer }).content))).toEqual(envelope)
  await sender.close()
})

test.each([
  [125, `${'i'.repeat(125)}/12`],
  [
    126,
    createHash('sha256')
      .update(`${'i'.repeat(126)}/12`)
      .digest('hex'),
  ],
])('an invocation id of %d characters makes a message id that Service Bus takes', async (chars, messageId) => {
  const { queue, sender } = world()
  await sender.send({ ...envelope, invocationId: 'i'.repeat(chars), attempt: { ...envelope.attempt, attempt: 12 } })
  expect(queue.messages).toMatchObject([{ message: { message_id: messageId } }])
  await sender.close()
})

test('the limit is that of the queue, be it lower or higher than the standard one', async () => {
  const small = world({ maxMessageBytes: 20_000 })
  expect(await failure(small.sender.send(ofBytes(16_000)))).toMatchObject({
    code: 'payload_too_large',
    details: { side: 'params', maxBytes: 20_000 - 4_096 },
  })
  expect(small.queue.messages).toEqual([])
  await small.sender.send(ofBytes(15_000))
  expect(small.queue.messages).toHaveLength(1)

  const large = world({ maxMessageBytes: 1_048_576 })
  await large.sender.send(ofBytes(500_000))
  expect(large.queue.messages).toHaveLength(1)
  await Promise.all([small.sender.close(), large.sender.close()])
})

test.each([
  ['com.microsoft:server-busy', 'not_now', 'does not take it now (ServiceBusy)'],
  ['amqp:resource-limit-exceeded', 'not_now', 'does not take it now (QuotaExceeded)'],
  ['com.microsoft:entity-disabled', 'rejected', 'has it disabled (MessagingEntityDisabled); enable it'],
  ['amqp:link:message-size-exceeded', 'rejected', 'refuses the message (MessageSizeExceeded)'],
  ['amqp:internal-error', 'unconfirmed', 'did not say whether it took the message (InternalServerError)'],
])('refused with %s: %s', async (condition, kind, says) => {
  const { queue, sender } = world()
  queue.refusal = { condition, description: 'no' }
  expect(await failure(sender.send(envelope))).toMatchObject({
    kind,
    leg: 'delivery',
    message: `queue ${queue.name} in ${bus.namespace}: Service Bus ${says}`,
  })
  await sender.close()
})

test('a queue that is not there', async () => {
  const sender = senderTo('nowhere')
  expect(await failure(sender.send(envelope))).toMatchObject({
    kind: 'rejected',
    leg: 'delivery',
    message: `queue nowhere in ${bus.namespace}: Service Bus has no such thing (MessagingEntityNotFound); create it, or set the transport again`,
  })
  await sender.close()
})

test('credentials that are not good, and good ones without the right to send', async () => {
  const { queue } = world()
  const forged = bus.connectionString().replace(/SharedAccessKey=[^;]+/, 'SharedAccessKey=AAAA')
  const unknown = senderTo(queue.name, { connectionString: forged })
  expect(await failure(unknown.send(envelope))).toMatchObject({
    kind: 'rejected',
    leg: 'credentials',
    message: expect.stringContaining("does not accept the vendor worker's credentials") as string,
  })
  const listener = senderTo(queue.name, { connectionString: bus.connectionString(['Listen']) })
  expect(await failure(listener.send(envelope))).toMatchObject({
    kind: 'rejected',
    leg: 'delivery',
    message: expect.stringContaining('allow the role "Azure Service Bus Data Sender" on it') as string,
  })
  const garbled = senderTo(queue.name, { connectionString: 'a=b' })
  expect(await failure(garbled.send(envelope))).toMatchObject({
    kind: 'rejected',
    leg: 'credentials',
    message: 'SERVICEBUS_CONNECTION_STRING is no connection string of a namespace; correct it, or unset it',
  })
  await Promise.all([unknown.close(), listener.close(), garbled.close()])
})

test("a namespace that is none of Azure's is shown no credentials of the vendor's", async () => {
  const sender = senderTo('commands', { namespace: 'acme.servicebus.windows.net.example', connectionString: '' })
  expect(await failure(sender.send(envelope))).toMatchObject({
    kind: 'rejected',
    leg: 'credentials',
    message:
      "acme.servicebus.windows.net.example is no namespace of Azure's, like acme.servicebus.windows.net, and is shown no credentials of the vendor's; correct it, or set SERVICEBUS_CONNECTION_STRING to one of its own",
  })
  await sender.close()
})

test('a namespace that cannot be reached: nothing was sent', async () => {
  const gone = await ServiceBusBroker.start()
  await gone.close()
  const sender = senderTo('commands', { namespace: gone.namespace, connectionString: gone.connectionString() })
  expect(await failure(sender.send(envelope))).toMatchObject({
    kind: 'not_now',
    leg: 'delivery',
    message: `queue commands in ${gone.namespace}: Service Bus cannot be reached (ECONNREFUSED)`,
  })
  await sender.close()
})

test('a connection that breaks before the answer: it may have been taken. The next goes over another', async () => {
  const { queue, sender } = world()
  queue.isSilent = true
  const sending = failure(sender.send(envelope))
  await expect.poll(() => queue.messages.length).toBe(1)
  bus.disconnect()
  expect(await sending).toMatchObject({
    kind: 'unconfirmed',
    leg: 'delivery',
    message: expect.stringContaining('did not say whether it took the message (ServiceTimeout)') as string,
  })
  queue.isSilent = false
  await sender.send(envelope)
  expect(queue.messages).toHaveLength(2)
  await sender.close()
})
