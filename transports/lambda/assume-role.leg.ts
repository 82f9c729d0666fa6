/**
 * A function in the customer's account, invoked from the vendor's, in a ministack that goes by IAM's policies: those of
 * docs/lambda.md, for which the vendor's account asks itself.
 */
import { readFile } from 'node:fs/promises'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { lambdaZip } from '../../tests/cloud/lambda-zip.js'
import { leg } from '../../tests/cloud/leg.js'
import { startMinistack } from '../../tests/cloud/servers.js'
import { ACCOUNT, createFunction, functionArn, useLambda } from '../../tests/transports/lambda-road.js'
import { TestControlPlane, testEnvelope } from '../runtime/control-plane.testsuite.js'
import { LambdaSender } from './sender.js'

const VENDOR = '999999999999'
const ROLE = `arn:aws:iam::${ACCOUNT}:role/alien-invoker`
/** Of the trust policy. */
const EXTERNAL_ID = 'acme-7f3c'

const HANDLERS = `
import { command } from '@alienplatform/sdk'
command('echo', (value) => value)
`

/** As root of the customer's account, unsigned: ministack takes that. */
async function iam(endpoint: string, action: string, params: Record<string, string>): Promise<void> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${ACCOUNT}/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none`,
    },
    body: new URLSearchParams({ Action: action, Version: '2010-05-08', ...params }),
  })
  if (!response.ok) throw new Error(`IAM ${action}: ${response.status} ${await response.text()}`)
}

/** That of the functions, and that which the vendor takes on. */
async function createRoles(endpoint: string): Promise<void> {
  const page = await readFile('docs/lambda.md', 'utf8')
  const policy = (side: string): string =>
    new RegExp(`<!-- iam: ${side} -->\\s+\`\`\`json\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? ''
  const ofLambda = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [ofLambda] })
  await iam(endpoint, 'CreateRole', { RoleName: 'function', AssumeRolePolicyDocument })
  // The vendor's own role is not what this is about.
  const trust = policy('trust').replace(`${VENDOR}:role/alien-control-plane`, `${VENDOR}:root`)
  const RoleName = 'alien-invoker'
  await iam(endpoint, 'CreateRole', { RoleName, AssumeRolePolicyDocument: trust })
  await iam(endpoint, 'PutRolePolicy', { RoleName, PolicyName: 'invoke', PolicyDocument: policy('customer') })
}

await leg(
  "Lambda in a customer's account, on ministack",
  async () => {
    const endpoint = await startMinistack(afterAll, { enforcesPolicies: true })
    const lambda = useLambda(endpoint)
    await createRoles(endpoint)
    const plane = await TestControlPlane.start(afterAll)
    const zip = await lambdaZip(HANDLERS)
    // The policy names the first alone.
    for (const name of ['alien', 'other']) {
      await createFunction(lambda, name, zip, { ALIEN_URL: plane.url, ALIEN_DEPLOYMENT_ID: 'acme-corp' })
    }
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint)
    vi.stubEnv('AWS_ACCESS_KEY_ID', VENDOR)
    return plane
  },
  (plane) => {
    /** What it is told that sends to the function. */
    const sent = (name: string, role: { roleArn?: string; externalId?: string }, unique = '0123456789abcdef') => {
      const sender = new LambdaSender(
        { kind: 'lambda', functionArn: functionArn(name), invocation: 'event', ...role },
        { id: 'dep_1', name: 'acme-corp' },
      )
      onTestFinished(() => sender.close())
      return sender.send(testEnvelope(plane.url, { command: 'echo', params: 7, unique }))
    }

    test('with the role, for which the external id is asked, it is invoked', async () => {
      await sent('alien', { roleArn: ROLE, externalId: EXTERNAL_ID })
      const envelope = testEnvelope(plane.url, { command: 'echo' })
      expect(await plane.responseOf(envelope)).toMatchObject({ result: 7 })
    })

    test.each([
      ['without the external id', {}, ''],
      ["with another customer's", { externalId: 'globex-1' }, ' with the external id "globex-1"'],
    ])('%s the role is not to be had', async (_, external, trust) => {
      await expect(sent('alien', { roleArn: ROLE, ...external })).rejects.toMatchObject({
        kind: 'rejected',
        leg: 'credentials',
        message: `role ${ROLE}: the vendor worker cannot take it on (AccessDenied); allow it sts:AssumeRole, and let the role trust it${trust}`,
      })
    })

    test('the role invokes that function, and no other', async () => {
      await expect(sent('other', { roleArn: ROLE, externalId: EXTERNAL_ID })).rejects.toMatchObject({
        kind: 'rejected',
        leg: 'delivery',
        message: `function ${functionArn('other')}: Lambda denies it (AccessDeniedException); allow lambda:InvokeFunction on it for ${ROLE}`,
      })
    })

    test("the vendor's own credentials do not invoke it", async () => {
      // Amazon denies it; in ministack nothing of one account is there for another.
      await expect(sent('alien', {})).rejects.toMatchObject({ kind: 'rejected', leg: 'delivery' })
    })
  },
)
