/** How commands come to a deployment: its agents pull them, or they are pushed through a service of its cloud. */
import * as z from 'zod'
import { PUBSUB_TOPIC } from './pubsub-name.js'

export const TRANSPORT_KINDS = ['pull', 'lambda', 'pubsub', 'service-bus'] as const

export const LAMBDA_INVOCATIONS = ['event', 'request-response'] as const

const matching = (pattern: RegExp, rule: string) => z.string().max(2_048).regex(pattern, rule)

const lambdaSchema = z.strictObject({
  kind: z.literal('lambda'),
  /** Names the region as well; may end with a version or an alias. */
  functionArn: matching(
    /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_]{1,64}(:[A-Za-z0-9-_$]{1,128})?$/,
    'must be the ARN of a function, like "arn:aws:lambda:eu-central-1:123456789012:function:commands"',
  ),
  /** In the customer's account, taken on to invoke the function. Default: the vendor's own credentials do. */
  roleArn: matching(
    /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/,
    'must be the ARN of a role, like "arn:aws:iam::123456789012:role/alien"',
  ).optional(),
  /** What the role's trust policy asks for, one for each customer. */
  externalId: matching(
    /^[\w+=,.@:/-]{2,1224}$/,
    'must be 2 to 1224 letters, digits or any of "_+=,.@:/-", as AWS has it',
  ).optional(),
  /** `event`: Lambda queues it, and the function reports. `request-response`: its answer is waited for, at most 15 min. */
  invocation: z.enum(LAMBDA_INVOCATIONS).default('event'),
})

const pubsubSchema = z.strictObject({
  kind: z.literal('pubsub'),
  topic: matching(PUBSUB_TOPIC, 'must be the full name of a topic, like "projects/acme-prod/topics/commands"'),
})

const serviceBusSchema = z.strictObject({
  kind: z.literal('service-bus'),
  namespace: matching(
    /^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:\d{1,5})?$/i,
    'must be the host name of a namespace, like "acme.servicebus.windows.net"',
  ),
  queue: matching(/^[\w][\w./-]{0,259}$/, 'must be the name of a queue, like "commands"'),
  /** Of the customer, for whose namespace a credential is asked. Default: the vendor's own. */
  tenantId: z.uuid('must be the id of an Entra tenant, a UUID').optional(),
})

/** Nothing in it is a secret. */
export const transportSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('pull') }),
    lambdaSchema,
    pubsubSchema,
    serviceBusSchema,
  ])
  .refine((transport) => transport.kind !== 'lambda' || !transport.externalId || transport.roleArn !== undefined, {
    path: ['externalId'],
    message: 'is for a role; give roleArn as well',
  })

export type LambdaTransport = Readonly<z.output<typeof lambdaSchema>>
export type PubsubTransport = Readonly<z.output<typeof pubsubSchema>>
export type ServiceBusTransport = Readonly<z.output<typeof serviceBusSchema>>
/** Where commands are pushed to. */
export type PushTransport = LambdaTransport | PubsubTransport | ServiceBusTransport
export type Transport = { readonly kind: 'pull' } | PushTransport

/** What has the name, for people: `Lambda function arn:aws:…`. */
export function describeTransport(transport: Transport): string {
  switch (transport.kind) {
    case 'pull':
      return 'agents'
    case 'lambda':
      return `Lambda function ${transport.functionArn}`
    case 'pubsub':
      return `Pub/Sub topic ${transport.topic}`
    case 'service-bus':
      return `Service Bus queue ${transport.queue} in ${transport.namespace}`
    default:
      return transport satisfies never
  }
}
