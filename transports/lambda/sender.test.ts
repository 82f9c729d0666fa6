/** Our sender and Amazon's SDK, against what STS and Lambda answer. */
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startLambdaService, type LambdaService } from '../../tests/support/lambda-service.js'
import { servedInTest } from '../../tests/support/served-in-test.js'
import { testEnvelope } from '../runtime/control-plane.testsuite.js'
import { LambdaSender } from './sender.js'

const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:commands'
const roleArn = 'arn:aws:iam::123456789012:role/alien'
const envelope = testEnvelope('https://alien.example')

let lambda: LambdaService

beforeAll(async () => {
  lambda = await startLambdaService()
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', lambda.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  // What STS says is seen as it is, not tried again for seconds.
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
})

afterAll(async () => {
  await lambda.close()
  vi.unstubAllEnvs()
})

beforeEach(() => {
  lambda.invoked.length = 0
  lambda.answer = () => ({ status: 202 })
})

interface Role {
  readonly roleArn?: string
  readonly externalId?: string
}

/** Closed with the test. */
function newSender(role: Role = {}): LambdaSender {
  const sender = new LambdaSender(
    { kind: 'lambda', functionArn, invocation: 'event', ...role },
    { id: 'dep_1', name: 'acme' },
  )
  onTestFinished(() => sender.close())
  return sender
}

const failureWith = (role: Role = {}): Promise<unknown> =>
  newSender(role)
    .send(envelope)
    .then(
      () => undefined,
      (error: unknown) => error,
    )

/** Answers each request as STS's query protocol has it; status 0 ends the connection. Gives what it is asked. */
async function startSts(status: number, answer: string): Promise<URLSearchParams[]> {
  const asked: URLSearchParams[] = []
  const server = createServer((request, response) => {
    if (status === 0) return void request.socket.destroy()
    void text(request).then((body) => {
      asked.push(new URLSearchParams(body))
      response.writeHead(status, { 'content-type': 'text/xml' }).end(answer)
    })
  })
  vi.stubEnv('AWS_ENDPOINT_URL_STS', await servedInTest(server))
  return asked
}

const STS_XML = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'

const refusal = (code: string): string =>
  `<ErrorResponse ${STS_XML}><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`

const granted = (): string => {
  const expiration = new Date(Date.now() + 3_600_000).toISOString()
  return `<AssumeRoleResponse ${STS_XML}><AssumeRoleResult><Credentials><AccessKeyId>ASIAGRANTED</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>for an hour</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`
}

describe('STS', () => {
  test.each<[string, Role, object]>([
    ['with the external id', { roleArn, externalId: 'acme-7f3c' }, { ExternalId: 'acme-7f3c' }],
    ['without one where there is none', { roleArn }, {}],
  ])('is asked for the role once, %s, and what it gives signs the calls', async (_, role, external) => {
    const asked = await startSts(200, granted())
    const sender = newSender(role)
    await sender.send(envelope)
    await sender.send(envelope)
    expect(asked.map((params) => Object.fromEntries(params))).toEqual([
      { Action: 'AssumeRole', Version: '2011-06-15', RoleArn: roleArn, RoleSessionName: 'alien-acme', ...external },
    ])
    const signed = { accessKeyId: 'ASIAGRANTED', sessionToken: 'for an hour' }
    expect(lambda.invoked).toMatchObject([signed, signed])
  })

  test('that denies the role is final, with what to do', async () => {
    await startSts(403, refusal('AccessDenied'))
    expect(await failureWith({ roleArn, externalId: 'acme-7f3c' })).toMatchObject({
      kind: 'rejected',
      leg: 'credentials',
      message: `role ${roleArn}: the vendor worker cannot take it on (AccessDenied); allow it sts:AssumeRole, and let the role trust it with the external id "acme-7f3c"`,
    })
  })

  test.each([
    [503, 'ServiceUnavailable', 'does not take it now (ServiceUnavailable)'],
    [500, 'InternalFailure', 'does not take it now (InternalFailure)'],
    [400, 'Throttling', 'does not take it now (Throttling)'],
    [0, '', 'cannot be reached (ECONNRESET)'],
  ])('that answers %d %s may be well the next time: nothing was sent', async (status, code, says) => {
    await startSts(status, refusal(code))
    expect(await failureWith({ roleArn })).toMatchObject({
      kind: 'not_now',
      leg: 'credentials',
      message: `role ${roleArn}: STS ${says}`,
    })
    expect(lambda.invoked).toEqual([])
  })
})

describe('Lambda', () => {
  const failureAfter = (status: number, error: string): Promise<unknown> => {
    lambda.answer = () => ({ status, error, body: { Message: 'no' } })
    return failureWith()
  }

  test.each([
    [502, 'KMSAccessDeniedException'],
    [502, 'InvalidRuntimeException'],
    [502, 'InvalidZipFileException'],
    [403, 'EFSMountFailureException'],
  ])('that cannot start the function (%d %s) ran nothing, and never will', async (status, error) => {
    expect(await failureAfter(status, error)).toMatchObject({
      kind: 'rejected',
      leg: 'handler',
      message: `function ${functionArn}: Lambda cannot start it, and nothing ran (${error}); put right what its configuration names`,
    })
  })

  test.each([
    [502, 'ENILimitReachedException'],
    [502, 'SubnetIPAddressLimitReachedException'],
    [408, 'EFSMountTimeoutException'],
    [400, 'ThrottlingException'],
  ])('that cannot start the function yet (%d %s) ran nothing', async (status, error) => {
    expect(await failureAfter(status, error)).toMatchObject({
      kind: 'not_now',
      leg: 'delivery',
      message: `function ${functionArn}: Lambda does not take it now (${error})`,
    })
  })

  test.each([
    [500, 'ServiceException'],
    [502, 'BadGatewayException'],
  ])('that breaks down (%d %s) may have run it', async (status, error) => {
    expect(await failureAfter(status, error)).toMatchObject({
      kind: 'unconfirmed',
      leg: 'delivery',
      message: `function ${functionArn}: Lambda did not say whether it took the message (${status} ${error})`,
    })
  })
})
