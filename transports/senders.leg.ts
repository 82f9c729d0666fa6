/** From a call to its result, through the real senders and runtimes, with the services' servers between them. */
import { CreateFunctionCommand, LambdaClient, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda'
import { PubSub } from '@google-cloud/pubsub'
import { startTestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { leg } from '../tests/cloud/leg.js'
import { startMinistack, startPubSub } from '../tests/cloud/servers.js'
import { alien } from '../tests/support/cli.js'
import { callApi } from '../tests/support/http.js'
import { VERSION } from '../workers/version.js'
import { startSubscriber } from './pubsub/runtime.js'
import { testSettings, TestControlPlane } from './runtime/control-plane.testsuite.js'

const stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
afterAll(() => stack.close())

const createDeployment = async (name: string, transport: object): Promise<void> => {
  const answer = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name, transport })
  expect(answer).toMatchObject({ status: 201 })
}

const REGION = 'eu-central-1'
const ACCOUNT = '123456789012'
const arnOf = (name: string): string => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`

const HANDLERS = `
import { command } from '@alienplatform/sdk'
command('echo', (value) => value)
command('throws', () => { throw Object.assign(new TypeError('no disk'), { code: 'E_DISK' }) })
command('wait', (_params, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))))
`

const PROJECT = 'alien-tests'
const topicOf = (name: string): string => `projects/${PROJECT}/topics/${name}`

await leg(
  'Lambda',
  async () => {
    const endpoint = await startMinistack()
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint)
    vi.stubEnv('AWS_ACCESS_KEY_ID', ACCOUNT)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
    const folder = await mkdtemp(join(tmpdir(), 'alien-senders-'))
    afterAll(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'handlers.ts'), HANDLERS)
    await alien(['build', 'handlers.ts', '--target', 'lambda'], { cwd: folder })
    const client = new LambdaClient({ region: REGION })
    for (const invocation of ['event', 'request-response']) {
      await client.send(
        new CreateFunctionCommand({
          FunctionName: invocation,
          Runtime: 'nodejs22.x',
          Role: `arn:aws:iam::${ACCOUNT}:role/function`,
          Handler: 'index.handler',
          Timeout: 30,
          Code: { ZipFile: await readFile(join(folder, 'build/lambda/function.zip')) },
          Environment: { Variables: { ALIEN_URL: stack.state.url, ALIEN_DEPLOYMENT_ID: invocation } },
        }),
      )
      await waitUntilFunctionActiveV2({ client, maxWaitTime: 30, minDelay: 1 }, { FunctionName: invocation })
      await createDeployment(invocation, { kind: 'lambda', functionArn: arnOf(invocation), invocation })
    }
    const roleArn = `arn:aws:iam::${ACCOUNT}:role/alien`
    const assumed = { kind: 'lambda', functionArn: arnOf('event'), roleArn, externalId: 'acme-7f3c' }
    await createDeployment('assumed', assumed)
    await createDeployment('missing', { kind: 'lambda', functionArn: arnOf('missing') })
  },
  () => {
    test.each(['event', 'request-response'])('%s: a result', async (name) => {
      for (const value of [{ rowCount: 3 }, 0, '', null]) {
        expect(await stack.client(name).invoke('echo', value)).toEqual(value)
      }
    })

    test.each(['event', 'request-response'])("%s: a handler's error", async (name) => {
      await expect(stack.client(name).invoke('throws')).rejects.toMatchObject({
        code: 'command_failed',
        details: { name: 'TypeError', message: 'no disk', code: 'E_DISK' },
      })
    })

    test.each(['event', 'request-response'])('%s: a ping', async (name) => {
      expect(await stack.client(name).invoke('alien.ping')).toMatchObject({ runtime: 'lambda', version: VERSION })
    })

    test('a cancel reaches the handler within 2 s', async () => {
      const handle = await stack.client('event').start('wait')
      await vi.waitFor(async () => expect(await handle.status()).toBe('running'), { timeout: 15_000 })
      const askedAtMs = performance.now()
      expect(await handle.cancel()).toBe('stopped')
      expect(performance.now() - askedAtMs).toBeLessThan(2_000)
    })

    test("a role of the customer's account is taken on", async () => {
      // The function knows its own deployment only, so that it refuses the envelope: it was delivered.
      await expect(stack.client('assumed').invoke('echo', 1)).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('this runtime is "event"') as string,
      })
    })

    test('a function that is not there', async () => {
      await expect(stack.client('missing').invoke('echo')).rejects.toMatchObject({
        code: 'delivery_failed',
        message: `"echo" could not be delivered to "missing": function ${arnOf('missing')}: Lambda has no such thing (ResourceNotFoundException); create it, or set the transport again`,
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
        message: expect.stringMatching(
          /^"echo" could not be delivered to "no-topic": topic projects\/alien-tests\/topics\/missing: Pub\/Sub has no such thing /,
        ) as string,
      })
    })
  },
)
