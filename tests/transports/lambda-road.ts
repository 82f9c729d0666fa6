/** A function on ministack, the very zip that `alien build` makes, invoked through a relay. */
import {
  CreateFunctionCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
  type CreateFunctionCommandInput,
} from '@aws-sdk/client-lambda'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Closers } from '../../workers/closers.js'
import { alien } from '../support/cli.js'
import { LambdaRelay } from './lambda-relay.js'
import { CONTRACT_HANDLERS, reportPushed, type Road } from './road.js'
import type { VendorSide } from './vendor-side.js'

export const REGION = 'eu-central-1'
export const ACCOUNT = '123456789012'

export const functionArn = (name: string): string => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`

/** The credentials are for the senders of this process as well. */
export function useLambda(endpoint: string): LambdaClient {
  process.env['AWS_ACCESS_KEY_ID'] = ACCOUNT
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test'
  return new LambdaClient({ region: REGION, endpoint })
}

export interface LambdaWorld {
  readonly lambda: LambdaClient
  readonly relay: LambdaRelay
}

/** Of a ministack at `endpoint`: the senders of this process find it, and their credentials, in the environment. */
export async function openLambda(endpoint: string, closers: Closers): Promise<LambdaWorld> {
  const relay = await LambdaRelay.before(endpoint)
  closers.add(() => relay[Symbol.asyncDispose]())
  process.env['AWS_ENDPOINT_URL_LAMBDA'] = relay.url
  const lambda = useLambda(endpoint)
  closers.add(() => lambda.destroy())
  return { lambda, relay }
}

/** @returns its ARN, once it can be invoked */
export async function createFunction(
  lambda: LambdaClient,
  name: string,
  zip: Uint8Array,
  variables: Record<string, string> = {},
  settings: Partial<CreateFunctionCommandInput> = {},
): Promise<string> {
  const { FunctionArn = '' } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs22.x',
      Role: `arn:aws:iam::${ACCOUNT}:role/function`,
      Handler: 'index.handler',
      Timeout: 300,
      Code: { ZipFile: zip },
      Environment: { Variables: variables },
      ...settings,
    }),
  )
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30, minDelay: 1 }, { FunctionName: name })
  return FunctionArn
}

/**
 * @param name Of the deployment, and of its function; default: Lambda's mode
 * @param isShared Default: deliveries at once, which are to several processes, agree in a storage on who runs what
 */
export async function openLambdaRoad(
  vendor: VendorSide,
  { lambda, relay }: LambdaWorld,
  invocation: 'event' | 'request-response',
  { name = invocation, isShared = true }: { readonly name?: string; readonly isShared?: boolean } = {},
): Promise<Road> {
  const { link, folder } = vendor
  const out = join(folder, 'build')
  const { exitCode, stderr } = await alien(['build', CONTRACT_HANDLERS, '--target', 'lambda', '--out', out])
  if (exitCode !== 0) throw new Error(stderr)
  const path = join(folder, 'runs')
  await createFunction(lambda, name, await readFile(join(out, 'function.zip')), {
    ALIEN_URL: link.url,
    ALIEN_DEPLOYMENT_ID: name,
    ...(isShared && {
      ALIEN_RUNS_STORAGE: 'runs',
      ALIEN_RUNS_BINDING: JSON.stringify({ service: 'local', path }),
    }),
  })
  await vendor.createDeployment(name, { kind: 'lambda', functionArn: functionArn(name), invocation })
  return {
    client: vendor.client(name),
    redeliver: ({ id }) => relay.redeliver(id),
    report: reportPushed(vendor),
  }
}
