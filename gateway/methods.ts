/**
 * All of Temporal that an agent can reach: what an activity worker of the SDK calls, and of each request the fields
 * that mean something here. A method that is not in this table does not exist for an agent, and a field without a rule
 * never reaches Temporal.
 */
import {
  activitiesOnly,
  asItCame,
  failure,
  leftOut,
  mustBeEmpty,
  noVersionedDeployment,
  noVersioning,
  ourIdentity,
  ourNamespace,
  ownHeartbeat,
  ownQueue,
  ownQueueName,
  ownTaskToken,
  payloads,
  result,
  type FieldRule,
} from './fields.js'

export interface GatewayMethod {
  /** Rules by field number of the request. */
  readonly fields: Readonly<Record<number, FieldRule>>
  /** Fields that must be there. */
  readonly required: readonly number[]
  /** Fields that may be there more than once. */
  readonly repeated?: readonly number[]
  /** Where Temporal finds who calls; written even when the agent left it out. */
  readonly identity?: number
  readonly maxBytes: number
  /** What is done with the answer; most go back as they come. */
  readonly answer: 'as it comes' | 'task' | 'namespace'
}

const KIB = 1_024
/** Temporal takes no larger message. */
export const MAX_MESSAGE_BYTES = 4 * KIB * KIB
const CONTROL_BYTES = 16 * KIB

/** The `RespondActivityTask…` and heartbeat requests: token, what there is to tell, identity, namespace. */
const report = (told: Record<number, FieldRule>): GatewayMethod => ({
  fields: { 1: ownTaskToken, ...told, 3: ourIdentity, 4: ourNamespace },
  required: [1, 4],
  identity: 3,
  maxBytes: MAX_MESSAGE_BYTES,
  answer: 'as it comes',
})

const METHODS: Readonly<Record<string, GatewayMethod>> = {
  GetSystemInfo: { fields: {}, required: [], maxBytes: CONTROL_BYTES, answer: 'as it comes' },
  DescribeNamespace: { fields: { 1: ourNamespace }, required: [1], maxBytes: CONTROL_BYTES, answer: 'namespace' },
  PollActivityTaskQueue: {
    fields: {
      1: ourNamespace,
      2: ownQueue,
      3: ourIdentity,
      5: noVersioning,
      6: noVersionedDeployment,
      8: leftOut,
    },
    required: [1, 2],
    identity: 3,
    maxBytes: CONTROL_BYTES,
    answer: 'task',
  },
  RespondActivityTaskCompleted: report({ 2: result }),
  RespondActivityTaskFailed: report({ 2: failure, 5: payloads }),
  RespondActivityTaskCanceled: report({ 2: payloads }),
  RecordActivityTaskHeartbeat: report({ 2: payloads }),
  RecordWorkerHeartbeat: {
    fields: { 1: ourNamespace, 2: ourIdentity, 3: ownHeartbeat },
    required: [1],
    repeated: [3],
    identity: 2,
    maxBytes: 64 * KIB,
    answer: 'as it comes',
  },
  ShutdownWorker: {
    fields: {
      1: ourNamespace,
      2: mustBeEmpty,
      3: ourIdentity,
      5: ownHeartbeat,
      6: asItCame,
      7: ownQueueName,
      8: activitiesOnly,
    },
    required: [1, 7],
    identity: 3,
    maxBytes: 64 * KIB,
    answer: 'as it comes',
  },
}

export const SERVICE = 'temporal.api.workflowservice.v1.WorkflowService'

/** By gRPC path. A `Map`, so that no name of JavaScript's own objects is a method. */
export const GATEWAY_METHODS: ReadonlyMap<string, GatewayMethod & { readonly name: string }> = new Map(
  Object.entries(METHODS).map(([name, method]) => [`/${SERVICE}/${name}`, { ...method, name }]),
)
