/** What is done with the fields of an agent's request. Each rule gives the field as Temporal gets it, or refuses. */
import proto from '@temporalio/proto'
import { identityOf, type Agent } from './agent.js'
import { assertText, knownFields, messageType } from './known-fields.js'
import { denied, ForeignQueue, malformed } from './refusal.js'
import type { TaskTokenSeal } from './task-token.js'
import { fieldsOf, wireField, type WireField } from './wire.js'

const { temporal } = proto
const { TaskQueue } = temporal.api.taskqueue.v1
const { TaskQueueKind, TaskQueueType, WorkerVersioningMode } = temporal.api.enums.v1
const { WorkerHeartbeat } = temporal.api.worker.v1

/** What a request is checked against. */
export interface RequestScope {
  readonly agent: Agent
  readonly namespace: string
  readonly seal: TaskTokenSeal
}

/** Gives the field to send on, or `undefined` to leave it out. @throws {Refusal} */
export type FieldRule = (field: WireField, scope: RequestScope) => Uint8Array | undefined

/** Text as it came: what cannot name anything of others. */
export const asItCame: FieldRule = ({ raw, content }) => {
  assertText(bytes(content))
  return raw
}

const payloadsType = messageType('temporal.api.common.v1.Payloads')
const failureType = messageType('temporal.api.failure.v1.Failure')

/** Text that means something to the gateway alone. */
export const leftOut: FieldRule = ({ content }) => {
  assertText(bytes(content))
  return undefined
}

/** Details of what goes on. */
export const payloads: FieldRule = ({ id, content }) => wireField(id, knownFields(payloadsType, bytes(content)))

/** What a handler came to: one payload, for the workflow cannot go on with none or several. */
export const result: FieldRule = ({ id, content }) => {
  const message = knownFields(payloadsType, bytes(content))
  if ([...fieldsOf(message)].length !== 1) throw malformed('a result is one payload')
  return wireField(id, message)
}

export const failure: FieldRule = ({ id, content }) => wireField(id, knownFields(failureType, bytes(content)))

/** The namespace that agents work in. */
export const ourNamespace: FieldRule = ({ id, content }, { namespace }) => {
  if (text(content) !== namespace) throw denied('this is not your namespace')
  return wireField(id, namespace)
}

/** Whatever the agent calls itself, Temporal hears whose token it has. */
export const ourIdentity: FieldRule = ({ id }, { agent }) => wireField(id, identityOf(agent))

/** A queue of the agent's deployment, of the normal kind: not a sticky one, not a worker's control queue. */
export const ownQueue: FieldRule = ({ id, content }, { agent }) => {
  const { name, kind, normalName } = TaskQueue.decode(bytes(content))
  assertOwn(name, agent)
  if (kind !== TaskQueueKind.TASK_QUEUE_KIND_NORMAL || normalName) throw denied('this is not your task queue')
  return wireField(id, TaskQueue.encode({ name, kind }).finish())
}

export const ownQueueName: FieldRule = ({ id, content }, { agent }) => {
  const name = text(content)
  assertOwn(name, agent)
  return wireField(id, name)
}

/** Sealed by us for this deployment. Temporal gets its own. */
export const ownTaskToken: FieldRule = ({ id, content }, { agent, seal }) => {
  const token = seal.open(bytes(content), agent.deployment.id)
  if (token === undefined) throw denied('this is not a task token of yours, or its attempt is over')
  return wireField(id, token)
}

export const mustBeEmpty: FieldRule = ({ content }) => {
  if (content?.length !== 0) throw denied('this is not your task queue')
  return undefined
}

/** Versioned workers get their tasks by another route, which nobody here has set up. */
export const noVersioning: FieldRule = ({ content }) => {
  const { useVersioning } = temporal.api.common.v1.WorkerVersionCapabilities.decode(bytes(content))
  if (useVersioning) throw denied('worker versioning is not for agents')
  return undefined
}

export const noVersionedDeployment: FieldRule = ({ content }) => {
  const { workerVersioningMode: mode } = temporal.api.deployment.v1.WorkerDeploymentOptions.decode(bytes(content))
  if (mode === WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED)
    throw denied('worker versioning is not for agents')
  return undefined
}

/** Activities are all an agent takes. */
export const activitiesOnly: FieldRule = ({ id }) =>
  wireField(id, Uint8Array.of(TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY))

/** How a worker says how it does: of its own queue, under its authenticated name. */
export const ownHeartbeat: FieldRule = ({ id, content }, { agent }) => {
  const heartbeat = WorkerHeartbeat.decode(bytes(content))
  assertOwn(heartbeat.taskQueue, agent)
  heartbeat.workerIdentity = identityOf(agent)
  return wireField(id, WorkerHeartbeat.encode(heartbeat).finish())
}

function assertOwn(queue: string | null | undefined, { queues }: Agent): void {
  if (!queues.has(queue ?? '')) throw new ForeignQueue()
}

function bytes(content: Uint8Array | undefined): Uint8Array {
  if (content === undefined) throw malformed('a field has the wrong type')
  return content
}

const text = (content: Uint8Array | undefined): string => Buffer.from(bytes(content)).toString('utf8')
