/** Reads invocations out of Temporal, the only place that knows them. */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client'
import { WorkflowFailedError } from '@temporalio/client'
import { CommandError } from '../../protocol/errors.js'
import {
  failedWith,
  succeededWith,
  WAITS_FOR_TURN,
  type Invocation,
  type InvocationMemo,
  type Outcome,
} from '../../protocol/invocation.js'
import { isPlainObject, type JsonValue } from '../../protocol/json.js'
import { INVOKE_COMMAND_WORKFLOW } from '../../protocol/names.js'
import { fromWorkflowFailure, isWorkflowNotFound } from '../../temporal/failure.js'
import { isTaken, newestAttempt, type PendingActivity } from './pending-attempt.js'
import { COMMAND_KEY } from './search-keys.js'
import { workflowLink, type InvocationDeps } from './service.js'
import type { ApiKeyCall } from '../route.js'
import type { Waits } from './waiting.js'

/** Long enough for Temporal to record an end at the second attempt. */
const SETTLED_WITHIN_MS = 5_000

export interface ReadOptions {
  /** Whether to fetch the result of one that succeeded. Default: yes. */
  readonly withResult?: boolean
  /** Tells what one that is queued waits for. Default: nobody wants to know. */
  readonly waits?: Waits
}

/**
 * One that the caller's key does not cover is as unknown as one that never was.
 *
 * @throws {CommandError} `invocation_not_found`
 */
export async function readInvocation(
  { deps, caller: { access }, subject }: Pick<ApiKeyCall, 'deps' | 'caller' | 'subject'>,
  id: string,
  { withResult = true, waits }: ReadOptions = {},
): Promise<Invocation> {
  // Somebody has its outcome already; nobody shall hear after that that it is running.
  if (deps.told.isSettling(id)) await outcomeUntil(deps, AbortSignal.timeout(SETTLED_WITHIN_MS), id)
  const description = await describe(deps.temporal.reader, id)
  const { deployment } = description.memo as unknown as InvocationMemo
  const command = description.typedSearchAttributes.get(COMMAND_KEY) ?? ''
  if (!access.seesDeployment(deployment) || !access.seesCommand(command)) {
    subject.isDeployment(deployment)
    subject.deny()
    throw notFound(id)
  }
  const state = await stateOf(deps.temporal.reader, description, withResult)
  const isQueued = waits !== undefined && state.status === 'queued'
  return {
    id,
    deployment,
    command,
    ...state,
    ...(isQueued
      ? { waiting: await waits.of(description, deployment, waitsForTurn(newestAttempt(description.raw)?.activity)) }
      : {}),
    createdAt: description.startTime.toISOString(),
    ...(description.closeTime === undefined ? {} : { endedAt: description.closeTime.toISOString() }),
    links: workflowLink(deps, id, description.runId),
  }
}

async function describe(reader: Client, id: string): Promise<WorkflowExecutionDescription> {
  try {
    const description = await reader.workflow.getHandle(id).describe()
    if (description.type === INVOKE_COMMAND_WORKFLOW) return description
  } catch (error) {
    if (!isWorkflowNotFound(error)) throw error
  }
  throw notFound(id)
}

const notFound = (id: string): CommandError =>
  new CommandError(
    'invocation_not_found',
    `no invocation "${id}"; it may be older than what Temporal keeps, or was started elsewhere`,
  )

function stateOf(
  reader: Client,
  description: WorkflowExecutionDescription,
  withResult: boolean,
): Promise<Outcome> | Pick<Invocation, 'status' | 'attempt'> {
  const { status, workflowId, runId } = description
  if (status.name === 'RUNNING') return progressOf(description)
  if (status.name === 'COMPLETED' && !withResult) return { status: 'succeeded' }
  return finalOutcome(reader, workflowId, runId)
}

/** Where an invocation that has not ended stands. */
function progressOf({ raw }: WorkflowExecutionDescription): Pick<Invocation, 'status' | 'attempt'> {
  const pending = newestAttempt(raw)
  if (!pending) return { status: 'queued' }
  const { activity, attempt } = pending
  return { status: isTaken(activity) && !waitsForTurn(activity) ? 'running' : 'queued', attempt }
}

/** Whether an agent has it and has not entered its handler, as its heartbeats tell. */
function waitsForTurn(activity: PendingActivity | undefined): boolean {
  const [details] = activity?.heartbeatDetails?.payloads ?? []
  // An agent may say anything.
  const said = details ? jsonOf(details.data) : undefined
  return isPlainObject(said) && said['waitsFor'] === WAITS_FOR_TURN
}

function jsonOf(data: Uint8Array | null | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(data ?? []).toString()) as unknown
  } catch {
    return undefined
  }
}

/** Waits for the end of an invocation. Callers bound the wait by the client's abort signal. */
async function finalOutcome(reader: Client, id: string, runId: string | undefined): Promise<Outcome> {
  try {
    const result = (await reader.workflow.getHandle(id, runId).result()) as JsonValue | undefined
    return succeededWith(result ?? null)
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error
    return failedWith(fromWorkflowFailure(error.cause).toBody())
  }
}

/** The outcome as Temporal has it, or `undefined` when `enough` aborts before there is one. */
export async function outcomeUntil(
  { temporal: { reader } }: InvocationDeps,
  enough: AbortSignal,
  id: string,
  runId?: string,
): Promise<Outcome | undefined> {
  try {
    // Temporal's client does not look at a signal that has aborted before.
    enough.throwIfAborted()
    return await reader.withAbortSignal(enough, () => finalOutcome(reader, id, runId))
  } catch (error) {
    if (enough.aborted) return undefined
    throw error
  }
}
