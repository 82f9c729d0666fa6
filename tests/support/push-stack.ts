/** A stack with deployments that are pushed to, by a Lambda service that does as the test says. */
import type { InvocationHandle } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest'
import type { Envelope } from '../../protocol/envelope.js'
import { eventually } from './eventually.js'
import { callApi, type Answer } from './http.js'
import { startLambdaService, type Invoked, type LambdaService } from './lambda-service.js'

export const ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:'

/** `silent` counts as lost sooner than others. */
const COMMANDS = [
  { name: 'generate-report', policy: {} },
  { name: 'silent', policy: { heartbeatTimeout: '3s' } },
]

export let lambda: LambdaService
export let stack: TestStack

/** For the whole file. The deployments are `event` and `request-response`, named as Lambda's modes. */
export function usePushStack(): void {
  beforeAll(async () => {
    lambda = await startLambdaService()
    vi.stubEnv('AWS_ENDPOINT_URL', lambda.url)
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
    stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
    for (const invocation of ['event', 'request-response']) {
      const transport = { kind: 'lambda', functionArn: `${ARN}${invocation}`, invocation }
      const { status } = await api('POST', '/v1/deployments', { name: invocation, transport, commands: COMMANDS })
      expect(status).toBe(201)
    }
  })

  afterAll(async () => {
    await stack.close()
    await lambda.close()
    vi.unstubAllEnvs()
  })

  beforeEach(() => {
    lambda.invoked.length = 0
    lambda.answer = () => ({ status: 202 })
  })
}

export const api = (method: string, path: string, body?: unknown): Promise<Answer> =>
  callApi(stack.state, stack.state.token, method, path, body)

/** The nth invocation of this test that the service gets. */
export const nthInvoked = (n = 1): Promise<Invoked> =>
  eventually(`invocation ${n} is there`, () => lambda.invoked[n - 1])

export const callRuntime = (token: string, method: string, url: string, body: unknown): Promise<Answer> =>
  callApi({ url: '' }, token, method, url, body)

/** As the handler's runtime. */
export const report = ({ response, attempt }: Envelope, outcome: object): Promise<Answer> =>
  callRuntime(response.token, 'PUT', response.url, { attempt: attempt.attempt, ...outcome })

/** As the handler's runtime. */
export const heartbeat = ({ response, attempt }: Envelope, said: object = {}): Promise<Answer> =>
  callRuntime(response.token, 'POST', response.heartbeatUrl, { attempt: attempt.attempt, ...said })

export const start = (
  params: unknown = { a: 1 },
  options: object = {},
  deployment = 'event',
): Promise<InvocationHandle> => stack.client(deployment).start('generate-report', params, options)

export const failure = async (handle: InvocationHandle): Promise<unknown> =>
  handle.result().then(
    () => undefined,
    (error: unknown) => error,
  )
