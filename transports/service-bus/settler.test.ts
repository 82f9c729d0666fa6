import { ServiceBusClient } from '@azure/service-bus'
import { expect, onTestFinished, test } from 'vitest'
import { ServiceBusBroker } from '../../tests/cloud/service-bus/broker.js'
import { CommandError } from '../../protocol/errors.js'
import { Settler } from './settler.js'

test('messages that are settled at once have each its own outcome', async () => {
  const bus = await ServiceBusBroker.start()
  onTestFinished(() => bus.close())
  const queue = bus.createQueue('commands')
  const client = new ServiceBusClient(bus.connectionString())
  onTestFinished(() => client.close())
  await client
    .createSender('commands')
    .sendMessages(['done', 'again', 'poison'].map((messageId) => ({ messageId, body: '' })))
  const receiver = client.createReceiver('commands')
  const [done, again, poison] = await receiver.receiveMessages(3)
  if (done === undefined || again === undefined || poison === undefined) throw new Error('three were sent')
  const settler = new Settler(receiver)
  await Promise.all([
    settler.complete(done),
    settler.giveBack(again),
    settler.giveUp(poison, new CommandError('invalid_request', 'it is no envelope')),
  ])
  expect(queue.messages).toMatchObject([{ message: { message_id: 'again' }, deliveryCount: 1 }])
  expect(queue.deadLetters?.messages).toMatchObject([
    {
      message: {
        message_id: 'poison',
        application_properties: {
          DeadLetterReason: 'invalid_request',
          DeadLetterErrorDescription: 'it is no envelope',
        },
      },
    },
  ])
})
