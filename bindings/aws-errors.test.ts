/** What a binding says when Amazon refuses: a server that answers as its services do, asked by their SDKs. */
import { createServer, type RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { servedInTest } from '../tests/support/served-in-test.js'
import { S3Storage } from './storage/s3-storage.js'
import { AwsSecretsVault } from './vault/aws-secrets-vault.js'
import { AwsSsmVault } from './vault/aws-ssm-vault.js'

const REGION = 'us-east-1'

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'testing')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'testing-secret')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

/** Gives the address of a service that answers everything like that, until the test has ended. */
const answering = (status: number, headers: Readonly<Record<string, string>>, body: string): Promise<string> =>
  serving((asked, answer) => {
    asked.resume()
    answer.writeHead(status, headers).end(asked.method === 'HEAD' ? undefined : body)
  })

const serving = (listener: RequestListener): Promise<string> => servedInTest(createServer(listener))

const jsonError = (code: string): Promise<string> =>
  answering(
    400,
    { 'content-type': 'application/x-amz-json-1.1' },
    JSON.stringify({ __type: code, message: 'with what was sent: hunter2' }),
  )

const s3Error = (status: number, code: string): Promise<string> =>
  answering(status, { 'content-type': 'application/xml' }, `<Error><Code>${code}</Code><Message>no</Message></Error>`)

const storageAt = (endpoint: string): S3Storage =>
  new S3Storage({ name: 'ws', bucket: 'acme', region: REGION, endpoint, forcePathStyle: true })

const vaults = [
  {
    service: 'AWS Secrets Manager',
    permission: 'secretsmanager:GetSecretValue on secret /a/key',
    open: (endpoint: string) => new AwsSecretsVault({ name: 'v', prefix: '/a/', region: REGION, endpoint }),
  },
  {
    service: 'AWS Systems Manager',
    permission: 'ssm:GetParameter and kms:Decrypt on parameter /a/key',
    open: (endpoint: string) => new AwsSsmVault({ name: 'v', prefix: '/a/', region: REGION, endpoint }),
  },
]

describe.each(vaults)('$service, which answers all refusals by 400', ({ service, permission, open }) => {
  test('names what to allow', async () => {
    await expect(open(await jsonError('AccessDeniedException')).get('key')).rejects.toMatchObject({
      code: 'access_denied',
      message: `secret "key" in vault "v": ${service} denies it (AccessDeniedException); allow ${permission}`,
    })
  })

  test.each([
    'UnrecognizedClientException',
    'ExpiredTokenException',
    'InvalidSignatureException',
    'InvalidClientTokenId',
    'InvalidAccessKeyId',
  ])('tells credentials from permissions: %s', async (code) => {
    await expect(open(await jsonError(code)).get('key')).rejects.toMatchObject({
      code: 'access_denied',
      message: `secret "key" in vault "v": ${service} does not accept this process's credentials, or there are none (${code})`,
    })
  })
})

describe('a secret that AWS Secrets Manager deletes, and could still recover', () => {
  const open = async (): Promise<AwsSecretsVault> =>
    new AwsSecretsVault({
      name: 'v',
      prefix: 'a/',
      region: REGION,
      endpoint: await answering(
        400,
        { 'content-type': 'application/x-amz-json-1.1' },
        JSON.stringify({
          __type: 'InvalidRequestException',
          message: "You can't perform this operation on the secret because it was marked for deletion.",
        }),
      ),
    })

  test('is as one that is gone', async () => {
    expect(await (await open()).get('key')).toBeUndefined()
  })

  test('cannot be set, and the error says what to do', async () => {
    await expect((await open()).set('key', 'x')).rejects.toMatchObject({
      code: 'unavailable',
      message:
        'secret "key" in vault "v": it is marked for deletion, and keeps its name until then; run: aws secretsmanager restore-secret --secret-id a/key',
    })
  })
})

describe('S3', () => {
  const credentials = "S3 does not accept this process's credentials, or there are none"

  test.each<[number, string, string, string]>([
    [
      403,
      'AccessDenied',
      'access_denied',
      'S3 denies it (AccessDenied); allow s3:GetObject on arn:aws:s3:::acme/*, and s3:ListBucket on arn:aws:s3:::acme, without which a missing object is denied as well',
    ],
    [403, 'InvalidAccessKeyId', 'access_denied', `${credentials} (InvalidAccessKeyId)`],
    [400, 'ExpiredToken', 'access_denied', `${credentials} (ExpiredToken)`],
    [
      301,
      'PermanentRedirect',
      'invalid_configuration',
      'S3 has it in another region than the one that was asked (PermanentRedirect); set "region" in the binding, or AWS_REGION, to that of the bucket',
    ],
  ])('%i %s', async (status, code, bindingCode, problem) => {
    const storage = storageAt(await s3Error(status, code))
    await expect(storage.open('a', {})).rejects.toMatchObject({
      code: bindingCode,
      message: `object "a" in storage "ws": ${problem}`,
    })
  })

  test('in another region, when there is no body to say so', async () => {
    await expect(storageAt(await s3Error(301, 'PermanentRedirect')).head('a')).rejects.toMatchObject({
      code: 'invalid_configuration',
    })
  })

  test('without a region', async () => {
    for (const variable of ['AWS_REGION', 'AWS_DEFAULT_REGION']) vi.stubEnv(variable, undefined)
    for (const variable of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(variable, '/dev/null')
    await expect(new S3Storage({ name: 'ws', bucket: 'acme' }).head('a')).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: 'object "a" in storage "ws": no region is set for S3; set "region" in the binding, or AWS_REGION',
    })
  })

  test('that does not let parts be taken back does not hide why the source broke', async () => {
    const endpoint = await serving((asked, answer) => {
      asked.resume()
      asked.on('end', () => {
        if (asked.method === 'DELETE') {
          answer.writeHead(403, { 'content-type': 'application/xml' }).end('<Error><Code>AccessDenied</Code></Error>')
        } else if (asked.method === 'POST') {
          const begun = '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>'
          answer.writeHead(200, { 'content-type': 'application/xml' }).end(begun)
        } else answer.writeHead(200, { etag: '"part"' }).end()
      })
    })
    const broken = new Error('the tape ended')
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(9 * 1024 * 1024)
      yield await Promise.reject(broken)
    }
    await expect(storageAt(endpoint).write('a', source(), {})).rejects.toBe(broken)
  })
})
