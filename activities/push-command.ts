/**
 * The vendor worker's side of an attempt that is pushed: makes the envelope and has it sent.
 *
 * What a service has merely taken on leaves the activity open when this returns: the runtime's heartbeats are recorded
 * as the activity's, and its outcome is a signal to the workflow (`workflows/push.ts`).
 */
import { ApplicationFailure, CompleteAsyncError, Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { currentTrace, inSpan, invocationAttributes, SpanKind } from '../observability/tracing.js'
import { NO_METRICS, type Metrics } from '../observability/metrics.js'
import {
  attemptResponseSchema,
  heartbeatPath,
  responsePath,
  type AttemptResponse,
} from '../protocol/attempt-response.js'
import { ENVELOPE_VERSION, type Envelope } from '../protocol/envelope.js'
import { CommandError } from '../protocol/errors.js'
import type { DeploymentRef, PushActivity, PushInput } from '../protocol/invocation.js'
import { describeIssues } from '../protocol/issues.js'
import type { JsonValue } from '../protocol/json.js'
import { DELIVERY_UNCONFIRMED, PUSH_ACTIVITY } from '../protocol/names.js'
import { responseJson } from '../protocol/readable-response.js'
import type { ResponseTokens } from '../protocol/response-token.js'
import type { PushTransport } from '../protocol/transport.js'
import { failureDetails, toApplicationFailure } from '../temporal/failure.js'
import { DeliveryError } from '../transports/delivery-error.js'
import type { Senders } from '../transports/senders.js'
import { AwaitedRuntime, type WaitingActivity } from './awaited-runtime.js'

export interface PushDeps {
  /** Where the deployment is pushed to now; `undefined` when it is gone, or agents pull. */
  readonly transportOf: (deployment: DeploymentRef) => Promise<PushTransport | undefined>
  readonly senders: Senders
  readonly tokens: Pick<ResponseTokens, 'issue'>
  /** Where runtimes reach the control plane; `undefined` when nobody said. */
  readonly publicUrl: () => string | undefined
  /** Default: nobody counts. */
  readonly metrics?: Metrics | undefined
}

/** A runtime reports late after a time without a link; then nobody waits for it any more, and it is told so. */
const TOKEN_GRACE_MS = 24 * 3_600_000

/** @param client Of the worker's own Temporal. */
export const pushActivities = (deps: PushDeps, client: Client): Record<typeof PUSH_ACTIVITY, PushActivity> => ({
  [PUSH_ACTIVITY]: (push, params) => pushCommand(deps, client, push, params),
})

async function pushCommand(
  deps: PushDeps,
  client: Client,
  push: PushInput,
  params: JsonValue,
): Promise<AttemptResponse> {
  const { deployment, attempt } = push.attempt
  let awaited: AwaitedRuntime | undefined
  try {
    const transport = await deps.transportOf(deployment)
    if (transport === undefined) throw notPushed(deployment)
    const isReturned = isWaitedFor(transport)
    if (isReturned) awaited = new AwaitedRuntime(client, thisActivity())
    const answer = await inSpan(`push ${push.command}`, spanOptions(push, transport), () => {
      const envelope = envelopeOf(deps, push, params, isReturned)
      return timed(deps, transport, () => deps.senders.send(deployment, transport, envelope))
    })
    if (answer === undefined) throw new CompleteAsyncError()
    return responseIn(answer, attempt, push.command)
  } catch (error) {
    throw failureOf(error, push.command, deployment, await awaited?.checkpoint())
  } finally {
    awaited?.[Symbol.dispose]()
  }
}

function thisActivity(): WaitingActivity {
  const { workflowExecution, activityId, heartbeatTimeoutMs = 0 } = Context.current().info
  const { workflowId = '', runId = '' } = workflowExecution ?? {}
  return { workflowId, runId, activityId, heartbeatTimeoutMs }
}

const spanOptions = ({ command, attempt }: PushInput, { kind }: PushTransport) => ({
  kind: SpanKind.PRODUCER,
  parent: attempt.trace,
  attributes: {
    ...invocationAttributes(attempt.invocationId, command, attempt.deployment),
    'alien.attempt': attempt.attempt,
    'alien.transport': kind,
  },
})

async function timed<T>(
  { metrics = NO_METRICS }: PushDeps,
  { kind: transport }: PushTransport,
  send: () => Promise<T>,
): Promise<T> {
  const startMs = performance.now()
  let outcome = 'error'
  try {
    const answer = await send()
    outcome = answer === undefined ? 'accepted' : 'answered'
    return answer
  } catch (error) {
    if (error instanceof DeliveryError) outcome = error.kind
    throw error
  } finally {
    metrics.pushes.add(1, { transport, outcome })
    metrics.pushSeconds.record((performance.now() - startMs) / 1_000, { transport })
  }
}

const isWaitedFor = (transport: PushTransport): boolean =>
  transport.kind === 'lambda' && transport.invocation === 'request-response'

function envelopeOf(
  { tokens, publicUrl }: PushDeps,
  push: PushInput,
  params: JsonValue,
  isReturned: boolean,
): Envelope {
  const { command, attempt: input, deadlineAtMs } = push
  const { invocationId, deployment, trace: given, ...attempt } = input
  const trace = currentTrace() ?? given
  const { workflowExecution, startToCloseTimeoutMs } = Context.current().info
  const workflowRunId = workflowExecution?.runId ?? ''
  const base = publicUrl()
  if (base === undefined) {
    throw new CommandError(
      'delivery_failed',
      `"${deployment.name}" could not report back: the vendor worker that pushed does not know the control plane's address; start it with --public-url`,
      { details: { leg: 'response' } },
    )
  }
  const nowMs = Date.now()
  const expiresAtMs = nowMs + startToCloseTimeoutMs + TOKEN_GRACE_MS
  return {
    version: ENVELOPE_VERSION,
    invocationId,
    workflowRunId,
    deployment,
    command,
    params,
    attempt,
    sentAt: new Date(nowMs).toISOString(),
    ...(trace === undefined ? {} : { trace }),
    ...(deadlineAtMs === null ? {} : { deadlineAt: new Date(deadlineAtMs).toISOString() }),
    response: {
      url: base + responsePath(invocationId),
      heartbeatUrl: base + heartbeatPath(invocationId),
      token: tokens.issue({ invocationId, attempt: attempt.attempt, workflowRunId, expiresAtMs }),
      expiresAt: new Date(expiresAtMs).toISOString(),
      ...(isReturned ? { isReturned } : {}),
    },
  }
}

/** @throws {CommandError} `invalid_result`, `payload_too_large` */
function responseIn(answer: unknown, attempt: number, command: string): AttemptResponse {
  const parsed = attemptResponseSchema.safeParse(answer)
  if (!parsed.success || parsed.data.attempt !== attempt) {
    const problem = parsed.success ? `it is of attempt ${parsed.data.attempt}` : describeIssues(parsed.error)
    throw unreadable(
      `the function answered "${command}" with what is no response of a handler runtime (${problem}); deploy what "alien build" makes`,
    )
  }
  // What its handler said went with heartbeats, or is lost.
  const response = { ...(parsed.data as AttemptResponse), events: undefined }
  try {
    responseJson(response)
  } catch (thrown) {
    const { code, message, details } = CommandError.from(thrown)
    if (code !== 'payload_too_large')
      throw unreadable(`what the function answered "${command}" cannot be read: ${message}`)
    const problem = `what the function answered "${command}" is too large: ${message}; return less, or store it and return where it is`
    throw new CommandError(code, problem, { details })
  }
  return response
}

const unreadable = (message: string): CommandError =>
  new CommandError('invalid_result', message, { details: { leg: 'handler' } })

/** @param checkpoint of a handler that broke down, or of which nobody knows */
function failureOf(
  error: unknown,
  command: string,
  { name }: DeploymentRef,
  checkpoint: JsonValue | undefined,
): unknown {
  if (error instanceof CompleteAsyncError) return error
  if (!(error instanceof DeliveryError)) return toApplicationFailure(CommandError.from(error), checkpoint)
  const message = `"${command}" could not be delivered to "${name}": ${error.message}`
  switch (error.kind) {
    case 'rejected':
      return toApplicationFailure(new CommandError('delivery_failed', message, { details: error.details }))
    case 'not_now':
      return toApplicationFailure(new CommandError('unavailable', message, { details: error.details }))
    case 'unconfirmed':
      return ApplicationFailure.create({
        message,
        type: DELIVERY_UNCONFIRMED,
        nonRetryable: true,
        category: 'BENIGN',
        details: failureDetails(undefined, checkpoint),
      })
    default:
      return error.kind satisfies never
  }
}

const notPushed = ({ name }: DeploymentRef): CommandError =>
  new CommandError('delivery_failed', `"${name}" is not pushed to any more, or was deleted; invoke it again`)
