/** A queue's `$management`: locks are renewed, messages looked at, and settled by who lost the link they came over. */
import rhea, { type AmqpError, type Message } from 'rhea'
import { lockLost, notImplemented } from './conditions.js'
import { deliverable } from './outbound-link.js'
import type { Queue, Settlement } from './queue.js'
import type { NodeAnswer } from './request-node.js'

interface RequestBody {
  readonly 'lock-tokens': readonly Buffer[]
  readonly 'disposition-status': string
  readonly 'deadletter-reason'?: string
  readonly 'deadletter-description'?: string
  readonly 'from-sequence-number': number
  readonly 'message-count': number
}

const TIMESTAMP_TYPE = 0x83

export const manage =
  (queue: Queue) =>
  ({ body, application_properties: properties }: Message): NodeAnswer => {
    const operation = String(properties?.['operation'])
    const request = body as RequestBody
    switch (operation) {
      case 'com.microsoft:renew-lock':
        return renewed(request['lock-tokens'].map((token) => queue.renew(tagOf(token))))
      case 'com.microsoft:peek-message':
        return peeked(queue, request)
      case 'com.microsoft:update-disposition':
        return settled(queue, request)
      default:
        return refused(501, notImplemented(operation))
    }
  }

function renewed(untilMs: readonly (number | undefined)[]): NodeAnswer {
  if (untilMs.includes(undefined)) return refused(410, lockLost())
  return answered(200, { expirations: rhea.types.wrap_array(untilMs, TIMESTAMP_TYPE, undefined) })
}

function peeked(queue: Queue, request: RequestBody): NodeAnswer {
  const from = request['from-sequence-number']
  const found = queue.messages.filter(({ sequenceNumber }) => sequenceNumber >= from).slice(0, request['message-count'])
  if (found.length === 0) return answered(204)
  return answered(200, {
    messages: found.map((stored) => ({ message: rhea.types.wrap_binary(rhea.message.encode(deliverable(stored))) })),
  })
}

function settled(queue: Queue, request: RequestBody): NodeAnswer {
  const settlement = settlementOf(request)
  if (settlement === undefined) return refused(501, notImplemented(request['disposition-status']))
  const isDone = request['lock-tokens'].map((token) => queue.settle(tagOf(token), settlement))
  return isDone.every(Boolean) ? answered(200) : refused(410, lockLost())
}

function settlementOf(request: RequestBody): Settlement | undefined {
  switch (request['disposition-status']) {
    case 'completed':
      return { kind: 'complete' }
    case 'abandoned':
      return { kind: 'abandon' }
    case 'suspended':
      return {
        kind: 'dead-letter',
        properties: {
          DeadLetterReason: request['deadletter-reason'],
          DeadLetterErrorDescription: request['deadletter-description'],
        },
      }
    default:
      return undefined
  }
}

/** A token is a GUID, whose first three parts .NET has the other way round in the tag. */
const tagOf = (token: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(token.subarray(0, 4)).reverse(),
    Buffer.from(token.subarray(4, 6)).reverse(),
    Buffer.from(token.subarray(6, 8)).reverse(),
    token.subarray(8),
  ])

const answered = (status: number, body?: object): NodeAnswer => ({
  properties: { statusCode: rhea.types.wrap_int(status), statusDescription: status === 200 ? 'OK' : 'No Content' },
  ...(body === undefined ? {} : { body }),
})

const refused = (status: number, { condition, description }: AmqpError): NodeAnswer => ({
  properties: {
    statusCode: rhea.types.wrap_int(status),
    statusDescription: description,
    errorCondition: rhea.types.wrap_symbol(condition),
  },
})
