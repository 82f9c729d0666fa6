/**
 * Invokes a deployment's function: handed over to Lambda's own queue (`event`), or waited for (`request-response`). With
 * a role of the customer's account where there is one, else with the credentials that the AWS SDK finds by itself.
 */
import type * as AwsSdk from '@aws-sdk/client-lambda'
import type { InvokeCommandOutput, LambdaClient, LambdaClientConfig } from '@aws-sdk/client-lambda'
import { lazy, type Lazy } from '../../bindings/lazy.js'
import { loadSdk } from '../../bindings/load-sdk.js'
import { encodeEnvelope, ENVELOPE_MAX_BYTES, type Envelope } from '../../protocol/envelope.js'
import type { DeploymentRef } from '../../protocol/invocation.js'
import type { LambdaTransport } from '../../protocol/transport.js'
import { DeliveryError } from '../delivery-error.js'
import { LAMBDA_VERDICTS } from './verdicts.js'
import { deliveryError, type Target } from '../sdk-error.js'
import type { Sender } from '../sender.js'
import { answerOf } from './answer.js'

/** Lambda takes an event within some hundred milliseconds. */
const EVENT_TIMEOUT_MS = 10_000
/** What a function may take at most, and a little for its way. */
const ANSWER_TIMEOUT_MS = 15 * 60_000 + 30_000
/** Of invocations that are waited for, each of which holds one. */
const MAX_CONNECTIONS = 1_000

interface Connection {
  readonly sdk: typeof AwsSdk
  readonly client: LambdaClient
}

export class LambdaSender implements Sender {
  readonly #transport: LambdaTransport
  readonly #target: Target
  readonly #connection: Lazy<Connection>

  constructor(transport: LambdaTransport, deployment: DeploymentRef) {
    const { functionArn, roleArn } = transport
    this.#transport = transport
    this.#target = {
      service: 'Lambda',
      resource: `function ${functionArn}`,
      permission: `lambda:InvokeFunction on it for ${roleArn ?? "the vendor worker's credentials"}`,
      verdicts: LAMBDA_VERDICTS,
    }
    this.#connection = lazy(() => connect(transport, deployment))
  }

  async send(envelope: Envelope): Promise<unknown> {
    const { functionArn, invocation } = this.#transport
    const isWaitedFor = invocation === 'request-response'
    const limit = ENVELOPE_MAX_BYTES[`lambda ${invocation}`]
    const payload = encodeEnvelope(envelope, `Lambda (${invocation})`, limit)
    try {
      const { sdk, client } = await this.#connection()
      await this.#assertCredentials(client)
      const command = new sdk.InvokeCommand({
        FunctionName: functionArn,
        InvocationType: isWaitedFor ? 'RequestResponse' : 'Event',
        Payload: payload,
      })
      const abortSignal = AbortSignal.timeout(isWaitedFor ? ANSWER_TIMEOUT_MS : EVENT_TIMEOUT_MS)
      const output: InvokeCommandOutput = await client.send(command, { abortSignal })
      return isWaitedFor ? answerOf(output, envelope, this.#target.resource) : undefined
    } catch (error) {
      throw deliveryError(this.#target, error)
    }
  }

  async close(): Promise<void> {
    const connection = await this.#connection.made
    connection?.client.destroy()
  }

  /** Before the call itself, so that it is known which of the two was refused. The SDK keeps them until they expire. */
  async #assertCredentials(client: LambdaClient): Promise<void> {
    const { roleArn, externalId } = this.#transport
    try {
      await client.config.credentials()
    } catch (error) {
      if (roleArn === undefined) throw deliveryError(this.#target, error, false)
      const sts = { service: 'STS', resource: `role ${roleArn}`, permission: '' }
      const { kind, message } = deliveryError(sts, error, false) as DeliveryError
      // Its own trouble is nobody's to put right.
      if (kind === 'not_now') throw new DeliveryError(kind, 'credentials', message, error)
      const trust = externalId === undefined ? '' : ` with the external id "${externalId}"`
      throw new DeliveryError(
        kind,
        'credentials',
        `role ${roleArn}: the vendor worker cannot take it on (${error instanceof Error ? error.name : 'unknown error'}); allow it sts:AssumeRole, and let the role trust it${trust}`,
        error,
      )
    }
  }
}

async function connect(
  { functionArn, roleArn, externalId }: LambdaTransport,
  { name }: DeploymentRef,
): Promise<Connection> {
  const region = functionArn.split(':')[3] ?? ''
  const packages = ['@aws-sdk/client-lambda', ...(roleArn === undefined ? [] : ['@aws-sdk/credential-providers'])]
  return loadSdk('a deployment on Lambda', packages, async () => {
    const sdk = await import('@aws-sdk/client-lambda')
    const config: LambdaClientConfig = {
      region,
      // The invocation's workflow tries again, and knows what that means.
      maxAttempts: 1,
      requestHandler: { requestTimeout: 0, httpsAgent: { maxSockets: MAX_CONNECTIONS, keepAlive: true } },
    }
    if (roleArn !== undefined) {
      const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
      config.credentials = fromTemporaryCredentials({
        params: {
          RoleArn: roleArn,
          RoleSessionName: `alien-${name}`.slice(0, 64),
          ...(externalId === undefined ? {} : { ExternalId: externalId }),
        },
        clientConfig: { region },
      })
    }
    return { sdk, client: new sdk.LambdaClient(config) }
  })
}
