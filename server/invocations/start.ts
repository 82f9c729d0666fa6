/** Starts an invocation: one Temporal workflow, found again whenever the same call is made again. */
import { createHash, randomBytes } from 'node:crypto'
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { currentTrace } from '../../observability/tracing.js'
import { CommandError } from '../../protocol/errors.js'
import type { InvocationMemo, InvokeCommandInput } from '../../protocol/invocation.js'
import type { JsonValue } from '../../protocol/json.js'
import { agentQueue, COMMANDS_QUEUE, INVOKE_COMMAND_WORKFLOW, invocationId } from '../../protocol/names.js'
import { PING_COMMAND } from '../../protocol/ping.js'
import { beyondBounds } from '../../protocol/policy-bounds.js'
import { PUSH_HEARTBEAT_TIMEOUT_MS, resolvePolicy, type Policy } from '../../protocol/policy.js'
import { nearest, nearestHint } from '../../protocol/suggest.js'
import { isWorkflowNotFound } from '../../temporal/failure.js'
import type { KnownCommand, KnownDeployment } from '../known-deployments.js'
import type { InvocationRequest } from './request.js'
import type { TemporalClients } from '../temporal-clients.js'
import { COMMAND_KEY, DEPLOYMENT_KEY } from './search-keys.js'
import type { InvocationDeps } from './service.js'
import { noAgentOnline } from './waiting.js'
import { findDeployment } from '../identity/find-deployment.js'
import type { ApiKeyCall } from '../route.js'
import { traceOfCaller } from '../server-span.js'

/**
 * How long a vendor worker may take over one step of a workflow before Temporal gives the step to another; a step takes
 * some milliseconds. Temporal's default of 10 s is what a call would wait when its worker is killed at the wrong moment.
 */
const WORKFLOW_TASK_TIMEOUT_MS = 3_000

/** An invocation, and all it takes to start it. */
export interface Call {
  readonly id: string
  readonly input: InvokeCommandInput
  readonly params: JsonValue
  readonly memo: InvocationMemo
  readonly idempotencyKey: string | undefined
  /** Why it may not be started now. That it was started before is not undone by it. */
  readonly refusal: CommandError | undefined
}

export interface StartedInvocation {
  readonly runId: string
  /** Whether the vendor worker in this process has it, which then tells its outcome. */
  readonly isHere: boolean
}

/** @throws {CommandError} `deployment_not_found`, `command_not_found` or `permission_denied` */
export async function resolveCall(call: ApiKeyCall, request: InvocationRequest): Promise<Call> {
  const known = await findDeployment(call, request.deployment)
  const deployment = { id: known.id, name: known.name }
  const { transport } = known
  const { functionName, policy } = await findCommand(call, known, request.command)
  // Passed on where nobody traces here: the caller's trace goes on at the agent.
  const trace = currentTrace() ?? traceOfCaller(call)
  return {
    id: request.id ?? invocationId(request.command, uniquePart(deployment.id, request)),
    input: {
      deployment,
      command: request.command,
      policy: resolvePolicy(policy, request.policy, transport && PUSH_HEARTBEAT_TIMEOUT_MS),
      ...(transport === undefined
        ? { taskQueue: agentQueue(deployment.id, functionName) }
        : { taskQueue: COMMANDS_QUEUE, transport: transport.kind }),
      ...(trace === undefined ? {} : { trace }),
    },
    params: request.params,
    memo: { deployment, paramsDigest: digest(request.paramsJson) },
    idempotencyKey: request.idempotencyKey,
    refusal: refusalOf(request, policy) ?? (request.failFast ? await offline(call.deps, known) : undefined),
  }
}

function refusalOf({ overdue, policy: asked }: InvocationRequest, policy: Policy): CommandError | undefined {
  const problems = beyondBounds(policy, asked)
  if (overdue !== undefined) problems.unshift(`deadline: ${JSON.stringify(overdue)} is in the past`)
  if (problems.length === 0) return undefined
  return new CommandError('invalid_request', `bad invocation: ${problems.join('; ')}`)
}

/** Why nobody would take it now. What is pushed needs no agent. */
async function offline({ registry }: InvocationDeps, deployment: KnownDeployment): Promise<CommandError | undefined> {
  const { id, name, transport } = deployment
  if (transport !== undefined) return undefined
  const agents = (await registry.agents.list(id)).get(id) ?? []
  if (agents.some(({ online }) => online)) return undefined
  return new CommandError('deployment_offline', `${noAgentOnline(name, agents[0])}; nothing was started`, {
    details: { lastSeenAt: agents[0]?.lastSeenAt ?? null },
  })
}

/**
 * @throws {CommandError} `conflict` when the id or the idempotency key was used for another call, or the call's refusal
 *   when it was not used
 */
export async function startInvocation({ temporal, metrics }: InvocationDeps, call: Call): Promise<StartedInvocation> {
  const { id, input, params, memo, refusal } = call
  if (refusal !== undefined) {
    return existingInvocation(temporal, call).catch((error: unknown) => {
      throw isWorkflowNotFound(error) ? refusal : error
    })
  }
  try {
    const { firstExecutionRunId, eagerlyStarted } = await temporal.starter.workflow.start(INVOKE_COMMAND_WORKFLOW, {
      workflowId: id,
      taskQueue: COMMANDS_QUEUE,
      args: [input, params],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
      requestEagerStart: temporal.eagerStart,
      staticSummary: `${input.command} on ${input.deployment.name}`,
      memo: { ...memo },
      typedSearchAttributes: [
        { key: DEPLOYMENT_KEY, value: input.deployment.name },
        { key: COMMAND_KEY, value: input.command },
      ],
    })
    metrics.invocationsStarted.add(1, { command: input.command })
    return { runId: firstExecutionRunId, isHere: eagerlyStarted }
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    return existingInvocation(temporal, call)
  }
}

async function findCommand(
  { deps: { deployments }, caller: { name: keyName, access } }: ApiKeyCall,
  deployment: KnownDeployment,
  command: string,
): Promise<Pick<KnownCommand, 'functionName' | 'policy'>> {
  // Told by the name alone: whether the deployment has it is not for this key to know.
  if (!access.seesCommand(command)) {
    throw new CommandError(
      'permission_denied',
      `the API key "${keyName}" may not invoke "${command}"; its commands are ${access.patterns.commands.join(', ')}`,
    )
  }
  if (command === PING_COMMAND) return { functionName: deployment.commands?.[0]?.functionName ?? '', policy: {} }
  const called = ({ name }: KnownCommand): boolean => name === command
  let found = deployment.commands?.find(called)
  if (found) return found
  // An agent may have published it a moment ago.
  const commands = (await deployments.getNow(deployment.id))?.commands
  // No agent ever connected: what it will know is not known, and the work waits for it.
  if (commands === undefined) return { functionName: '', policy: {} }
  found = commands.find(called)
  if (found) return found
  const names = commands.map(({ name }) => name).filter((name) => access.seesCommand(name))
  const suggestions = nearest(command, names)
  const known = names.slice(0, 5).map((name) => `"${name}"`)
  const hint =
    suggestions.length > 0 ? nearestHint(suggestions) : known.length > 0 ? `it has ${known.join(', ')}` : 'it has none'
  throw new CommandError('command_not_found', `deployment "${deployment.name}" has no command "${command}"; ${hint}`, {
    details: { nearest: suggestions },
  })
}

/** With a key: the same for the same key, deployment and command. Without: never the same. */
function uniquePart(deploymentId: string, { command, idempotencyKey }: InvocationRequest): string {
  if (idempotencyKey === undefined) return randomBytes(16).toString('hex')
  return digest(JSON.stringify([deploymentId, command, idempotencyKey])).slice(0, 32)
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The invocation that has the id already, if it is this very call. */
async function existingInvocation(
  { reader }: TemporalClients,
  { id, input: { command, deployment }, memo: { paramsDigest }, idempotencyKey }: Call,
): Promise<StartedInvocation> {
  const existing = await reader.workflow.getHandle(id).describe()
  const memo = existing.memo as Partial<InvocationMemo> | undefined
  const sameCommand = existing.typedSearchAttributes.get(COMMAND_KEY) === command
  if (memo?.deployment?.id === deployment.id && sameCommand && memo.paramsDigest === paramsDigest) {
    return { runId: existing.runId, isHere: false }
  }
  const what = idempotencyKey === undefined ? `invocation id "${id}"` : `idempotency key "${idempotencyKey}"`
  const isSameCommand = memo?.deployment?.id === deployment.id && sameCommand
  const digests = { paramsDigest, usedWithParamsDigest: memo?.paramsDigest ?? null }
  const how = isSameCommand
    ? `other params (SHA-256 ${digests.usedWithParamsDigest}, now ${paramsDigest})`
    : 'another command or deployment'
  throw new CommandError('conflict', `${what} was used with ${how}; use a new one for a new call`, {
    details: { invocationId: id, ...(isSameCommand ? digests : {}) },
  })
}
