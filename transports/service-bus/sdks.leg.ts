/** What our sender and consumer count on of a queue, seen by both of Microsoft's SDKs: it keeps the tests' broker honest. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { leg } from '../../tests/cloud/leg.js'
import { openNamespace, type Namespace } from '../../tests/cloud/service-bus/namespace.js'
import {
  openNodeClient,
  openPythonClient,
  type ReceivedMessage,
  type SdkClient,
} from '../../tests/cloud/service-bus/sdk-client.js'

/** The shortest that the service has. */
const LOCK_MS = 5_000
const MAX_DELIVERY_COUNT = 3
const MAX_BYTES = 256 * 1_024

const newQueue = ({ createQueue }: Namespace): Promise<string> =>
  createQueue({ lockMs: LOCK_MS, maxDeliveryCount: MAX_DELIVERY_COUNT })

function testQueues(namespace: Namespace, { run }: SdkClient): void {
  const send = (queue: string, ...ids: string[]) =>
    run('send', { queue, messages: ids.map((id) => ({ id, body: `{"of":"${id}"}` })) })

  const receive = async (queue: string, { deadLetters = false } = {}): Promise<ReceivedMessage> => {
    const message = (await run('receive', { queue, deadLetters, waitMs: LOCK_MS * 3 })) as ReceivedMessage | null
    if (message === null) throw new Error('nothing came')
    return message
  }

  const settle = (how: 'complete' | 'abandon', { handle }: ReceivedMessage) => run(how, { handle })

  test('a message is locked for a while, and gone when it is completed', async () => {
    const queue = await newQueue(namespace)
    await send(queue, 'one', 'two')
    const message = await receive(queue)
    expect(message).toMatchObject({ id: 'one', body: '{"of":"one"}', deliveryCount: 0 })
    expect(Math.abs(message.lockedUntilMs - Date.now() - LOCK_MS)).toBeLessThan(2_000)
    await settle('complete', message)
    expect(await run('peek', { queue })).toEqual(['two'])
  })

  test('given back, it comes again and counts, until it is a dead letter', async () => {
    const queue = await newQueue(namespace)
    await send(queue, 'one')
    for (let deliveryCount = 0; deliveryCount < MAX_DELIVERY_COUNT; deliveryCount += 1) {
      const message = await receive(queue)
      expect(message.deliveryCount).toBe(deliveryCount)
      await settle('abandon', message)
    }
    const dead = await receive(queue, { deadLetters: true })
    expect(dead).toMatchObject({ id: 'one', deadLetterReason: 'MaxDeliveryCountExceeded' })
    await settle('complete', dead)
  })

  test('given up after it was given back, it is a dead letter with the reason', async () => {
    const queue = await newQueue(namespace)
    await send(queue, 'one')
    await settle('abandon', await receive(queue))
    const { handle } = await receive(queue)
    await run('deadLetter', { handle, reason: 'poison', description: 'it is no envelope' })
    expect(await receive(queue, { deadLetters: true })).toMatchObject({
      body: '{"of":"one"}',
      deadLetterReason: 'poison',
      deadLetterDescription: 'it is no envelope',
    })
  })

  test('a lock that ended: the message comes again, and who had it can do nothing with it', async () => {
    const queue = await newQueue(namespace)
    await send(queue, 'one')
    const lost = await receive(queue)
    const again = await receive(queue)
    expect(again).toMatchObject({ id: 'one', deliveryCount: 1 })
    await expect(settle('complete', lost)).rejects.toThrow('lock-lost')
    await expect(run('renew', { handle: lost.handle })).rejects.toThrow('lock-lost')
    await settle('complete', again)
  })

  test('a lock that is renewed holds on', async () => {
    const queue = await newQueue(namespace)
    await send(queue, 'one')
    const message = await receive(queue)
    await delay(LOCK_MS * 0.6)
    expect(await run('renew', { handle: message.handle })).toBeGreaterThan(message.lockedUntilMs + LOCK_MS * 0.4)
    await delay(LOCK_MS * 0.6)
    await settle('complete', message)
    expect(await run('peek', { queue })).toEqual([])
  })

  test('what is too large is refused', async () => {
    const queue = await newQueue(namespace)
    const messages = [{ id: 'one', body: 'x'.repeat(MAX_BYTES) }]
    await expect(run('send', { queue, messages })).rejects.toThrow('too-large')
    expect(await run('peek', { queue })).toEqual([])
  })

  test('a queue that is not there', async () => {
    await expect(send('nowhere', 'one')).rejects.toThrow('not-found')
  })
}

const open = async (openClient: (connectionString: string) => SdkClient | Promise<SdkClient>) => {
  const namespace = await openNamespace()
  const client = await openClient(namespace.connectionString)
  afterAll(() => client.close())
  return { namespace, client, openClient }
}

for (const [name, openClient] of [
  ["Service Bus, by Microsoft's SDK for Node", openNodeClient],
  ["Service Bus, by Microsoft's SDK for Python", openPythonClient],
] as const) {
  await leg(
    name,
    () => open(openClient),
    ({ namespace, client }) => {
      testQueues(namespace, client)

      test('a key that is not good', async () => {
        const queue = await newQueue(namespace)
        const forged = namespace.connectionString.replace(/SharedAccessKey=[^;]+/, 'SharedAccessKey=AAAA')
        const stranger = await openClient(forged)
        const sending = stranger.run('send', { queue, messages: [{ id: 'one', body: '' }] })
        await expect(sending).rejects.toThrow('unauthorized')
        await stranger.close()
      })
    },
  )
}
