/** The zip that `alien build` makes, in ministack, given what somebody put into an SQS queue. */
import { CreateEventSourceMappingCommand } from '@aws-sdk/client-lambda'
import { afterAll, expect, test } from 'vitest'
import { lambdaZip } from '../../tests/cloud/lambda-zip.js'
import { leg } from '../../tests/cloud/leg.js'
import { startMinistack } from '../../tests/cloud/servers.js'
import { createSqsQueue } from '../../tests/cloud/sqs.js'
import { eventually } from '../../tests/support/eventually.js'
import { ACCOUNT, createFunction, REGION, useLambda } from '../../tests/transports/lambda-road.js'
import { TestControlPlane, testEnvelope } from '../runtime/control-plane.testsuite.js'

const HANDLERS = `
import { command } from '@alienplatform/sdk'
command('echo', (value) => value)
`

/** Of the function; the queue has to hold a message as long. */
const TIMEOUT_SECONDS = 5
const MAX_RECEIVE_COUNT = 3

const VALUES = [{ rowCount: 3 }, 0, false, '', null]

await leg(
  'Lambda on ministack, out of an SQS queue',
  async () => {
    const endpoint = await startMinistack()
    const lambda = useLambda(endpoint)
    const plane = await TestControlPlane.start(afterAll)
    const variables = { ALIEN_URL: plane.url, ALIEN_DEPLOYMENT_ID: 'acme-corp' }
    await createFunction(lambda, 'queued', await lambdaZip(HANDLERS), variables, { Timeout: TIMEOUT_SECONDS })
    const account = { endpoint, account: ACCOUNT, region: REGION }
    const dead = await createSqsQueue(account, 'commands-dead')
    const newQueue = (name: string) =>
      createSqsQueue(account, name, {
        VisibilityTimeout: String(TIMEOUT_SECONDS),
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: MAX_RECEIVE_COUNT }),
      })
    /** From now on the function gets what is in it, and what comes. */
    const connect = (queueArn: string) =>
      lambda.send(
        new CreateEventSourceMappingCommand({
          FunctionName: 'queued',
          EventSourceArn: queueArn,
          BatchSize: 10,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
        }),
      )
    return { plane, dead, newQueue, connect }
  },
  ({ plane, dead, newQueue, connect }) => {
    /** An invocation of its own for each. */
    const envelopes = (name: string, values: readonly unknown[]) =>
      values.map((params, index) =>
        testEnvelope(plane.url, {
          command: 'echo',
          params: params as never,
          unique: `${name}${index}`.padEnd(16, '0'),
        }),
      )

    test('the results of a batch arrive, and the queue is empty', async () => {
      const queue = await newQueue('results')
      const sent = envelopes('results', VALUES)
      await queue.send(...sent.map((envelope) => JSON.stringify(envelope)))
      await connect(queue.arn)
      const responses = await Promise.all(sent.map((envelope) => plane.responseOf(envelope)))
      expect(responses).toStrictEqual(VALUES.map((result) => ({ attempt: 1, status: 'succeeded', result })))
      await eventually('the queue is empty', async () => ((await queue.size()) === 0 ? true : undefined))
    })

    test('what can never be run comes again until it is a dead letter, and the rest of its batch does not', async () => {
      const queue = await newQueue('poisoned')
      const [first, poison, last] = envelopes('poisoned', [1, 2, 3])
      const poisoned = JSON.stringify({ ...poison, version: 9 })
      await queue.send(JSON.stringify(first), poisoned, JSON.stringify(last))
      plane.responses.length = 0
      await connect(queue.arn)
      expect(await dead.receive()).toBe(poisoned)
      const refused = plane.responses.filter(({ status }) => status === 'failed')
      expect(refused).toHaveLength(MAX_RECEIVE_COUNT)
      expect(refused[0]).toMatchObject({
        error: { code: 'invalid_request', message: expect.stringContaining('it is of version 9') as string },
      })
      const succeeded = plane.responses.filter(({ status }) => status === 'succeeded')
      expect(succeeded).toMatchObject([{ result: 1 }, { result: 3 }])
      expect(await queue.size()).toBe(0)
    })
  },
)
