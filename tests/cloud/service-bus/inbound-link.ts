/** A sender's link to a queue: its messages are taken on, one or a batch in a transfer, or refused with the reason. */
import rhea, { type Delivery, type Message, type Receiver } from 'rhea'
import { tooLarge } from './conditions.js'
import { settle } from './outcomes.js'
import type { Queue } from './queue.js'

/** Of a transfer whose data sections are each a message. */
const BATCH_FORMAT = 0x80013700

export function serveSender(receiver: Receiver, queue: Queue): void {
  receiver.on('message', ({ message, delivery }: { message: Message | Buffer; delivery: Delivery }) => {
    const { maxMessageBytes } = queue
    // A message is decoded already when it is here, so that its size is that of coding it anew.
    const bytes = Buffer.isBuffer(message) ? message.length : rhea.message.encode(message).length
    const refusal = bytes > maxMessageBytes ? tooLarge(delivery.id, bytes, maxMessageBytes) : queue.refusal
    if (refusal !== undefined) {
      settle(delivery, 'rejected', refusal)
      return
    }
    for (const each of delivery.format === BATCH_FORMAT ? messagesOf(message as Buffer) : [message as Message]) {
      queue.enqueue(each)
    }
    if (!queue.isSilent) settle(delivery, 'accepted')
  })
}

function messagesOf(batch: Buffer): Message[] {
  const { content } = decode(batch).body as { content: Buffer | Buffer[] }
  return [content].flat().map(decode)
}

const decode = (encoded: Buffer): Message => rhea.message.decode(encoded) as unknown as Message
