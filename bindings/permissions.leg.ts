/** `alien bindings check` against a cloud that refuses: moto, which goes by the user's policies once it is told to. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { leg } from '../tests/cloud/leg.js'
import { startMoto } from '../tests/cloud/servers.js'
import { alien, type CliAnswer } from '../tests/support/cli.js'

const BUCKET = 'acme-workspace'
const REGION = 'us-east-1'

interface User {
  readonly AWS_ACCESS_KEY_ID: string
  readonly AWS_SECRET_ACCESS_KEY: string
}

/** A call of IAM's query API; a header is all that moto tells services apart by. */
async function iam(endpoint: string, params: Readonly<Record<string, string>>): Promise<string> {
  const authorization = `AWS4-HMAC-SHA256 Credential=any/20300101/${REGION}/iam/aws4_request, SignedHeaders=host, Signature=any`
  const body = new URLSearchParams({ Version: '2010-05-08', ...params })
  const response = await fetch(endpoint, { method: 'POST', headers: { authorization }, body })
  const answer = await response.text()
  if (!response.ok) throw new Error(`IAM says ${response.status}: ${answer}`)
  return answer
}

async function userWho(endpoint: string, name: string, mayDo: readonly string[]): Promise<User> {
  await iam(endpoint, { Action: 'CreateUser', UserName: name })
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: mayDo, Resource: '*' }],
  })
  await iam(endpoint, { Action: 'PutUserPolicy', UserName: name, PolicyName: 'may', PolicyDocument })
  const answer = await iam(endpoint, { Action: 'CreateAccessKey', UserName: name })
  const field = (tag: string): string => new RegExp(`<${tag}>(.*?)</${tag}>`).exec(answer)?.[1] ?? ''
  return { AWS_ACCESS_KEY_ID: field('AccessKeyId'), AWS_SECRET_ACCESS_KEY: field('SecretAccessKey') }
}

interface Refusing {
  readonly endpoint: string
  readonly reader: User
}

async function startRefusing(): Promise<Refusing> {
  const endpoint = await startMoto()
  const admin = { accessKeyId: 'any', secretAccessKey: 'any' }
  const s3 = new S3Client({ endpoint, region: REGION, forcePathStyle: true, credentials: admin })
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  const reader = await userWho(endpoint, 'reader', [
    's3:GetObject',
    's3:ListBucket',
    's3:DeleteObject',
    'secretsmanager:ListSecrets',
    'ssm:GetParameter',
  ])
  // From now on nobody does anything without the right to.
  await fetch(`${endpoint}/moto-api/reset-auth`, { method: 'POST', body: '0' })
  return { endpoint, reader }
}

await leg('a user without rights, on moto', startRefusing, ({ endpoint, reader }) => {
  const check = (name: string, binding: object): Promise<CliAnswer> =>
    alien(['bindings', 'check'], {
      env: { ...reader, [`ALIEN_${name}_BINDING`]: JSON.stringify({ ...binding, endpoint, region: REGION }) },
    })

  describe('each missing permission is named, and nothing else', () => {
    test('of S3', async () => {
      const { exitCode, stdout } = await check('WORKSPACE', { service: 's3', bucket: BUCKET, forcePathStyle: true })
      expect(stdout.replace(/check\/[\w-]+/g, 'check/…').split('\n')).toEqual([
        `storage "workspace" (s3) fails: object "alien-bindings-check/…" in storage "workspace": S3 denies it (AccessDenied); allow s3:PutObject on arn:aws:s3:::${BUCKET}/*`,
      ])
      expect(exitCode).not.toBe(0)
    })

    test.each([
      ['aws-secrets-manager', ['secretsmanager:GetSecretValue'], ['secretsmanager:ListSecrets']],
      ['aws-ssm', ['ssm:DescribeParameters'], ['ssm:GetParameter on']],
    ])('of %s', async (service, missing, granted) => {
      const { exitCode, stdout } = await check('KEYS', { service })
      for (const permission of missing) expect(stdout).toContain(`allow ${permission}`)
      for (const permission of granted) expect(stdout).not.toContain(permission)
      expect(exitCode).not.toBe(0)
    })
  })
})
