/**
 * A node that answers requests: `$cbs`, or a queue's `$management`. A client has a pair of links to it in a session of its
 * own. Where the answer goes is not in the request for all clients (Microsoft's Python leaves `reply_to` out), so it goes
 * over the other link of the pair.
 */
import type { Message, Receiver, Sender } from 'rhea'

export interface NodeAnswer {
  readonly properties: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

/** @param address Of the node */
export function serveRequests(receiver: Receiver, address: string, answer: (request: Message) => NodeAnswer): void {
  receiver.on('message', ({ message: request }: { message: Message }) => {
    const { properties, body = null } = answer(request)
    const isReply = (link: Sender): boolean => link.source.address === address
    receiver.session.find_sender(isReply)?.send({
      ...(request.message_id === undefined ? {} : { correlation_id: request.message_id }),
      application_properties: properties,
      body,
    })
  })
}
