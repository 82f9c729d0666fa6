/**
 * What becomes of an event that its function cannot be done with: ministack delivers it again, as often as is configured,
 * and then gives it to the destination of failures. The invocation ends with the reason.
 *
 * Amazon's dead-letter queue, which is older, gets the bare event; ministack gives it the destination's record as well, and
 * says in each that there were three deliveries.
 */
import { PutFunctionEventInvokeConfigCommand } from '@aws-sdk/client-lambda'
import { startTestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { lambdaZip } from '../../tests/cloud/lambda-zip.js'
import { leg } from '../../tests/cloud/leg.js'
import { startMinistack } from '../../tests/cloud/servers.js'
import { createSqsQueue } from '../../tests/cloud/sqs.js'
import { callApi } from '../../tests/support/http.js'
import { errorOf, lines } from '../../tests/support/outcome.js'
import { ACCOUNT, createFunction, functionArn, REGION, useLambda } from '../../tests/transports/lambda-road.js'

const HANDLERS = `
import { appendFileSync } from 'node:fs'
import { command } from '@alienplatform/sdk'
const enter = (file, { invocationId, attempt }) => appendFileSync(file, \`\${invocationId} \${attempt}\\n\`)
command('crash', async ({ file }, context) => {
  enter(file, context)
  process.kill(process.pid, 'SIGKILL')
  await new Promise(() => undefined)
})
command('hang', ({ file }, context) => {
  enter(file, context)
  for (;;);
})
`

const TIMEOUT_SECONDS = 3
const MAX_RETRIES = 1

const stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
afterAll(() => stack.close())

await leg(
  'Lambda on ministack, and what it gives up',
  async () => {
    const endpoint = await startMinistack()
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint)
    const lambda = useLambda(endpoint)
    const folder = await mkdtemp(join(tmpdir(), 'alien-dead-'))
    afterAll(() => rm(folder, { recursive: true, force: true }))
    const zip = await lambdaZip(HANDLERS)
    /** A function that takes itself for `deployment`, in event mode, and where its failures go. */
    const deploy = async (name: string, deployment: string, variables: Record<string, string> = {}) => {
      const own = { ALIEN_URL: stack.state.url, ALIEN_DEPLOYMENT_ID: deployment }
      await createFunction(lambda, name, zip, { ...own, ...variables }, { Timeout: TIMEOUT_SECONDS })
      const dead = await createSqsQueue({ endpoint, account: ACCOUNT, region: REGION }, `${name}-dead`)
      await lambda.send(
        new PutFunctionEventInvokeConfigCommand({
          FunctionName: name,
          MaximumRetryAttempts: MAX_RETRIES,
          DestinationConfig: { OnFailure: { Destination: dead.arn } },
        }),
      )
      const transport = { kind: 'lambda', functionArn: functionArn(name), invocation: 'event' }
      const body = { name, transport }
      expect(await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', body)).toMatchObject({
        status: 201,
      })
      return { dead, client: stack.client(name) }
    }
    return { folder, deploy }
  },
  ({ folder, deploy }) => {
    test('what is not for this function is a dead letter after its deliveries, and the invocation hears why', async () => {
      const { dead, client } = await deploy('poisoned', 'other')
      const handle = await client.start('crash', {})
      const message = expect.stringMatching(
        /^the envelope is for deployment "poisoned" \(dep_\w+\), and this runtime is "other" \(ALIEN_DEPLOYMENT_ID\)$/,
      ) as string
      expect(await errorOf(handle.result())).toMatchObject({ code: 'invalid_request', message })
      expect(JSON.parse(await dead.receive())).toMatchObject({
        requestContext: { condition: 'RetriesExhausted' },
        requestPayload: { invocationId: handle.id, attempt: { attempt: 1 } },
        responsePayload: { errorMessage: message },
      })
    })

    test.each([
      ['crash', 'crashing', 'Worker process died'],
      ['hang', 'hanging', `Task timed out after ${TIMEOUT_SECONDS}.00 seconds`],
    ])('the event of a function that breaks down every time: %s', async (command, name, errorMessage) => {
      const { dead, client } = await deploy(name, name)
      const file = join(folder, name)
      // The vendor waits longer than Lambda tries: of an attempt that is given up, the function hears that it is over.
      const options = { heartbeatTimeoutMs: 10_000, deadline: new Date(Date.now() + 11_000) }
      const handle = await client.start(command, { file }, options)
      expect(JSON.parse(await dead.receive())).toMatchObject({
        requestContext: { condition: 'RetriesExhausted' },
        requestPayload: { invocationId: handle.id, attempt: { attempt: 1 } },
        responsePayload: { errorMessage },
      })
      const entered = (await lines(file)).filter((line) => line === `${handle.id} 1`)
      expect(entered).toHaveLength(1 + MAX_RETRIES)
      expect(await errorOf(handle.result())).toMatchObject({
        code: 'outcome_unknown',
        message: `the runtime of "${name}" that ran "${command}" was lost; its deadline is over, so it was not run again, and whether it finished is unknown`,
      })
    })
  },
)
