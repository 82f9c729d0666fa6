/** `alien deployments test`, over the ways that commands go. */
import { startConsumer } from '@alienplatform/sdk/service-bus'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { PING_COMMAND } from '../protocol/ping.js'
import { VERSION } from '../workers/version.js'
import { ServiceBusBroker } from './cloud/service-bus/broker.js'
import { alien } from './support/cli.js'
import { api, ARN, lambda, stack, usePushStack } from './support/push-stack.js'

usePushStack()

async function tested(deployment: string, ...flags: string[]) {
  const env = { ALIEN_URL: stack.state.url, ALIEN_TOKEN: stack.state.token }
  const { stdout, stderr, exitCode } = await alien(['deployments', 'test', deployment, ...flags], { env })
  return { lines: stdout.split('\n'), stdout, stderr, exitCode }
}

describe('by an agent', () => {
  test('it is answered, and is no command of the deployment', async () => {
    const { lines, exitCode } = await tested('acme-corp')
    expect(lines).toEqual([
      'ok           delivery',
      expect.stringMatching(new RegExp(`^ok           handler      agent, version ${VERSION}, \\d+ commands$`)),
      'ok           response',
    ])
    expect(exitCode).toBe(0)
    const { body } = await api('GET', '/v1/deployments/acme-corp/commands')
    expect((body.commands as { name: string }[]).map(({ name }) => name)).not.toContain(PING_COMMAND)
  })

  test('of which none is there', async () => {
    await api('POST', '/v1/deployments', { name: 'nobody-home' })
    const { lines, exitCode } = await tested('nobody-home', '--timeout', '300ms')
    expect(lines).toEqual([
      `failed       delivery     no agent of "nobody-home" took "${PING_COMMAND}" within 300ms; nothing ran`,
      '                          → start an agent there, or run alien doctor where it runs',
      'not reached  handler',
      'not reached  response',
    ])
    expect(exitCode).toBe(3)
  })
})

describe('by Lambda', () => {
  test('a function that answers', async () => {
    lambda.answer = ({ envelope }) => ({
      status: 200,
      body: {
        attempt: envelope.attempt.attempt,
        status: 'succeeded',
        result: { runtime: 'lambda', version: '9.9.9', manifest: [] },
      },
    })
    const { stdout, exitCode } = await tested('request-response', '--json')
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      transport: { kind: 'lambda', functionArn: `${ARN}request-response`, invocation: 'request-response' },
      legs: [
        { leg: 'credentials', state: 'ok', message: '' },
        { leg: 'delivery', state: 'ok', message: '' },
        { leg: 'handler', state: 'ok', message: 'lambda, version 9.9.9, 0 commands' },
        { leg: 'response', state: 'ok', message: '' },
      ],
    })
    expect(lambda.invoked.map(({ envelope }) => envelope.command)).toEqual([PING_COMMAND])
    expect(exitCode).toBe(0)
  })

  test('a function that may not be invoked', async () => {
    lambda.answer = () => ({ status: 403, error: 'AccessDeniedException' })
    const { lines, exitCode } = await tested('event')
    expect(lines.filter((line) => line.startsWith('failed'))).toEqual([
      expect.stringContaining("allow lambda:InvokeFunction on it for the vendor worker's credentials"),
    ])
    expect(exitCode).not.toBe(0)
  })
})

describe('by Service Bus', () => {
  /** A deployment that is pushed to over `queue`, by a vendor worker with these credentials. */
  async function deployment(name: string, queue: string, credentials: (bus: ServiceBusBroker) => string) {
    const bus = await ServiceBusBroker.start()
    onTestFinished(() => bus.close())
    bus.createQueue('commands')
    const connectionString = credentials(bus)
    vi.stubEnv('SERVICEBUS_CONNECTION_STRING', connectionString)
    const transport = { kind: 'service-bus', namespace: bus.namespace, queue }
    expect(await api('POST', '/v1/deployments', { name, transport })).toMatchObject({ status: 201 })
    return { connectionString, where: `queue ${queue} in ${bus.namespace}: Service Bus` }
  }

  const good = (bus: ServiceBusBroker) => bus.connectionString()

  test('a consumer that answers', async () => {
    const { connectionString } = await deployment('bus', 'commands', good)
    const { url } = stack.state
    const consumer = await startConsumer({ url, deploymentId: 'bus', connectionString, queue: 'commands' })
    onTestFinished(() => consumer.close())
    expect((await tested('bus')).lines).toEqual([
      'ok           credentials',
      'ok           delivery',
      expect.stringMatching(/^ok           handler      service-bus, version /),
      'ok           response',
    ])
  })

  test('a consumer that knows the control plane by another name', async () => {
    const { connectionString } = await deployment('bus-renamed', 'commands', good)
    const url = stack.state.url.replace('127.0.0.1', 'localhost')
    const consumer = await startConsumer({ url, deploymentId: 'bus-renamed', connectionString, queue: 'commands' })
    onTestFinished(() => consumer.close())
    const { lines, exitCode } = await tested('bus-renamed')
    expect(lines).toEqual([
      'ok           credentials',
      'ok           delivery',
      expect.stringMatching(
        `^failed       handler      the envelope wants its response at ${stack.state.url}/v1/\\S+; this runtime answers ${url} `,
      ),
      expect.stringContaining("→ read the function's log; it must be deployed, be subscribed"),
      'not reached  response',
    ])
    expect(exitCode).toBe(3)
  })

  test('credentials that are not good', async () => {
    const forged = (bus: ServiceBusBroker) => good(bus).replace(/SharedAccessKey=[^;]+/, 'SharedAccessKey=AAAA')
    const { where } = await deployment('bus-forged', 'commands', forged)
    const { lines, exitCode } = await tested('bus-forged')
    expect(lines).toEqual([
      expect.stringContaining(`${where} does not accept the vendor worker's credentials`),
      expect.stringContaining('→ give the vendor worker credentials of the cloud'),
      'not reached  delivery',
      'not reached  handler',
      'not reached  response',
    ])
    expect(lines[0]).toMatch(/^failed       credentials  /)
    expect(exitCode).toBe(3)
  })

  test('a queue that is missing', async () => {
    const { where } = await deployment('bus-missing', 'nowhere', good)
    const { lines, exitCode } = await tested('bus-missing')
    expect(lines).toEqual([
      'ok           credentials',
      expect.stringContaining(`${where} has no such thing (MessagingEntityNotFound); create it`),
      expect.stringContaining('→ see whether the name is right, and whether the vendor worker may send to it'),
      'not reached  handler',
      'not reached  response',
    ])
    expect(exitCode).toBe(3)
  })
})

test('a key that may not call the ping is told so, and nothing is sent', async () => {
  const rights = { kind: 'api-key', name: 'reports', scopes: ['invoke'], commands: ['generate-*'] }
  const { body } = await api('POST', '/v1/tokens', rights)
  const { stderr, exitCode } = await tested('event', '--token', String(body.token))
  expect(stderr).toMatch(/^error permission_denied: the API key "reports" may not invoke "alien\.ping"/m)
  expect(exitCode).toBe(7)
  expect(lambda.invoked).toEqual([])
})
