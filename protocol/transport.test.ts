import { describe, expect, test } from 'vitest'
import { describeIssues } from './issues.js'
import { describeTransport, transportSchema, type Transport } from './transport.js'

const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:commands'
const roleArn = 'arn:aws:iam::123456789012:role/alien'
const lambda = { kind: 'lambda', functionArn }
const pubsub = { kind: 'pubsub', topic: 'projects/acme-prod/topics/commands' }
const serviceBus = { kind: 'service-bus', namespace: 'acme.servicebus.windows.net', queue: 'commands' }

describe('is taken', () => {
  test.each([
    { kind: 'pull' },
    pubsub,
    { kind: 'pubsub', topic: 'projects/acme.example:acme-prod/topics/commands' },
    serviceBus,
    { ...serviceBus, tenantId: '0198c0de-0000-7000-8000-000000000000' },
    { ...lambda, invocation: 'request-response' },
    { ...lambda, invocation: 'event', roleArn, externalId: 'acme-7f3c' },
    { ...lambda, invocation: 'event', functionArn: `${functionArn}:live` },
    { ...lambda, invocation: 'event', functionArn: 'arn:aws-us-gov:lambda:us-gov-east-1:123456789012:function:a' },
  ])('%j', (transport) => {
    expect(transportSchema.parse(transport)).toEqual(transport)
  })

  test('Lambda without a mode: the function is not waited for', () => {
    expect(transportSchema.parse(lambda)).toEqual({ ...lambda, invocation: 'event' })
  })
})

test.each<[object, string]>([
  [{ kind: 'sqs' }, "kind: Invalid discriminator value. Expected 'pull' | 'lambda' | 'pubsub' | 'service-bus'"],
  [
    { ...lambda, functionArn: 'commands' },
    'functionArn: must be the ARN of a function, like "arn:aws:lambda:eu-central-1:123456789012:function:commands"',
  ],
  [
    { ...lambda, roleArn: functionArn },
    'roleArn: must be the ARN of a role, like "arn:aws:iam::123456789012:role/alien"',
  ],
  [{ ...lambda, externalId: 'acme-7f3c' }, 'externalId: is for a role; give roleArn as well'],
  [
    { ...lambda, roleArn, externalId: 'a b' },
    'externalId: must be 2 to 1224 letters, digits or any of "_+=,.@:/-", as AWS has it',
  ],
  [{ ...lambda, invocation: 'sync' }, 'invocation: Invalid option: expected one of "event"|"request-response"'],
  [{ ...lambda, topic: 'x' }, 'Unrecognized key: "topic"'],
  [
    { ...pubsub, topic: 'commands' },
    'topic: must be the full name of a topic, like "projects/acme-prod/topics/commands"',
  ],
  [
    { ...serviceBus, namespace: 'https://acme.servicebus.windows.net' },
    'namespace: must be the host name of a namespace, like "acme.servicebus.windows.net"',
  ],
  [{ ...serviceBus, queue: '' }, 'queue: must be the name of a queue, like "commands"'],
  [{ ...serviceBus, tenantId: 'acme' }, 'tenantId: must be the id of an Entra tenant, a UUID'],
])('%j is not', (transport, problem) => {
  const { error } = transportSchema.safeParse(transport)
  expect(error && describeIssues(error)).toBe(problem)
})

test.each<[object, string]>([
  [{ kind: 'pull' }, 'agents'],
  [lambda, `Lambda function ${functionArn}`],
  [pubsub, 'Pub/Sub topic projects/acme-prod/topics/commands'],
  [serviceBus, 'Service Bus queue commands in acme.servicebus.windows.net'],
])('%j has a name', (transport, name) => {
  expect(describeTransport(transport as Transport)).toBe(name)
})
