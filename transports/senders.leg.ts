/** From a call to its result, through the real senders and runtimes, with the services' servers between them. */
import { PubSub } from '@google-cloud/pubsub'
import { startTestStack } from '@alienplatform/sdk/testing'
import { afterAll, expect, test, vi } from 'vitest'
import { lambdaZip } from '../tests/cloud/lambda-zip.js'
import { leg } from '../tests/cloud/leg.js'
import { startMinistack, startPubSub } from '../tests/cloud/servers.js'
import { callApi } from '../tests/support/http.js'
import { createFunction, functionArn, useLambda } from '../tests/transports/lambda-road.js'
import { DELIVERY_HANDLERS, LAMBDA_MODES, testLambdaDelivery } from './lambda/delivery.testsuite.js'
import { startSubscriber } from './pubsub/runtime.js'
import { testSettings, TestControlPlane } from './runtime/control-plane.testsuite.js'

const stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
afterAll(() => stack.close())

const createDeployment = async (name: string, transport: object): Promise<void> => {
  const answer = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name, transport })
  expect(answer).toMatchObject({ status: 201 })
}

const PROJECT = 'alien-tests'
const topicOf = (name: string): string => `projects/${PROJECT}/topics/${name}`

await leg(
  'Lambda',
  async () => {
    const endpoint = await startMinistack()
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint)
    const lambda = useLambda(endpoint)
    const zip = await lambdaZip(DELIVERY_HANDLERS)
    for (const invocation of LAMBDA_MODES) {
      await createFunction(lambda, invocation, zip, { ALIEN_URL: stack.state.url, ALIEN_DEPLOYMENT_ID: invocation })
      await createDeployment(invocation, { kind: 'lambda', functionArn: functionArn(invocation), invocation })
    }
    await createDeployment('missing', { kind: 'lambda', functionArn: functionArn('missing') })
  },
  () => {
    testLambdaDelivery((mode) => stack.client(mode))

    test('a function that is not there', async () => {
      await expect(stack.client('missing').invoke('echo')).rejects.toMatchObject({
        code: 'delivery_failed',
        message: `"echo" could not be delivered to "missing": function ${functionArn('missing')}: Lambda has no such thing (ResourceNotFoundException); create it, or set the transport again`,
      })
    })
  },
)

await leg(
  'Pub/Sub',
  async () => {
    vi.stubEnv('PUBSUB_EMULATOR_HOST', await startPubSub())
    const client = new PubSub({ projectId: PROJECT })
    afterAll(() => client.close())
    const [topic] = await client.createTopic('commands', {})
    await topic.createSubscription('commands', { ackDeadlineSeconds: 10 })
    await createDeployment('globex', { kind: 'pubsub', topic: topicOf('commands') })
    await createDeployment('no-topic', { kind: 'pubsub', topic: topicOf('missing') })
    const run = vi.fn((params: unknown) => params)
    const { registry } = testSettings(await TestControlPlane.start(afterAll), run)
    const consumer = await startSubscriber({
      url: stack.state.url,
      deploymentId: 'globex',
      registry,
      subscription: `projects/${PROJECT}/subscriptions/commands`,
    })
    afterAll(() => consumer.close())
    return { run, command: [...registry][0]?.name ?? '' }
  },
  ({ run, command }) => {
    test('a result', async () => {
      for (const value of [{ rowCount: 3 }, 0, '', null]) {
        expect(await stack.client('globex').invoke(command, value)).toEqual(value)
      }
    })

    test('200 at once: 200 right results, no effect twice', async () => {
      run.mockClear()
      const client = stack.client('globex')
      const values = Array.from({ length: 200 }, (_, index) => index)
      expect(await Promise.all(values.map((value) => client.invoke(command, value)))).toEqual(values)
      expect(run).toHaveBeenCalledTimes(200)
    })

    test('a topic that is not there', async () => {
      await expect(stack.client('no-topic').invoke('echo')).rejects.toMatchObject({
        code: 'delivery_failed',
        message: `"echo" could not be delivered to "no-topic": topic ${topicOf('missing')}: Pub/Sub has no such thing (NOT_FOUND); create it, or set the transport again`,
      })
    })
  },
)
