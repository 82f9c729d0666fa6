/** What Service Bus says when it refuses, by AMQP's conditions and its own. Its SDKs read the texts as well. */
import type { AmqpError } from 'rhea'

export const unauthorized = (right: string, resource: string): AmqpError => ({
  condition: 'amqp:unauthorized-access',
  description: `Unauthorized access. '${right}' claim(s) are required to perform this operation. Resource: '${resource}'.`,
})

export const notFound = (resource: string): AmqpError => ({
  condition: 'amqp:not-found',
  description: `The messaging entity '${resource}' could not be found. To know more visit https://aka.ms/sbResourceMgrExceptions.`,
})

export const tooLarge = (deliveryId: number, bytes: number, maxBytes: number): AmqpError => ({
  condition: 'amqp:link:message-size-exceeded',
  description: `The received message (delivery-id:${deliveryId}, size:${bytes} bytes) exceeds the limit (${maxBytes} bytes) currently allowed on the link.`,
})

export const lockLost = (): AmqpError => ({
  condition: 'com.microsoft:message-lock-lost',
  description:
    'The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.',
})

export const notImplemented = (what: string): AmqpError => ({
  condition: 'amqp:not-implemented',
  description: `${what} is not modeled by this broker`,
})
