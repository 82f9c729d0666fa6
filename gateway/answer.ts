/** Temporal's answers, made into what an agent gets. */
import proto from '@temporalio/proto'
import type { TaskTokenSeal } from './task-token.js'
import { fieldsOf, wireField } from './wire.js'

const { PollActivityTaskQueueResponse, DescribeNamespaceResponse } = proto.temporal.api.workflowservice.v1
const { Duration } = proto.google.protobuf

/** Fields of `PollActivityTaskQueueResponse`. */
const TASK_TOKEN = 1
const SCHEDULED_TIME = 10
const STARTED_TIME = 12
const SCHEDULE_TO_CLOSE_TIMEOUT = 14
const START_TO_CLOSE_TIMEOUT = 15
const HEARTBEAT_TIMEOUT = 16
/**
 * What no agent is to know: how Temporal spreads the polls of large namespaces (21, 22), and when it takes an agent that
 * is silent for lost. A worker that knows the latter ends the attempt by itself when its heartbeats do not get through for
 * so long, or come from another thread. It is Temporal's to say that an attempt is lost, and the agent hears of it with the
 * answer to the next heartbeat; until then its handler goes on.
 */
const KEPT_BACK: ReadonlySet<number> = new Set([HEARTBEAT_TIMEOUT, 21, 22])

/** An attempt that ends with its time-out is reported a little later. */
const REPORTING_GRACE_MS = 60_000
/** Of a task that has no time-out. Ours all have one. */
const NO_TIMEOUT_MS = 365 * 86_400_000

export interface SealedTask {
  readonly message: Uint8Array
  /** Temporal's own token; `undefined` when the poll ended without a task. */
  readonly token: Uint8Array | undefined
  /** How long it waited in its queue. */
  readonly waitedMs: number
}

/**
 * The answer to a poll with its token sealed; payloads pass as they are. Its schedule-to-close time-out is what is left of
 * it: how long the task waited is told by Temporal's clock alone, and the agent's may be an hour off.
 */
export function sealTask(message: Uint8Array, deploymentId: string, seal: TaskTokenSeal): SealedTask {
  const parts: Uint8Array[] = []
  let token: Uint8Array | undefined
  let timeoutMs = NO_TIMEOUT_MS
  let scheduleToCloseMs = 0
  let waitedMs = 0
  for (const { id, raw, content } of fieldsOf(message)) {
    if (KEPT_BACK.has(id)) continue
    if (id === TASK_TOKEN) token = content
    else if (id === SCHEDULE_TO_CLOSE_TIMEOUT && content) scheduleToCloseMs = durationMs(content)
    else parts.push(raw)
    // A timestamp is written as a duration is.
    if (id === SCHEDULED_TIME && content) waitedMs -= durationMs(content)
    if (id === STARTED_TIME && content) waitedMs += durationMs(content)
    if (id === START_TO_CLOSE_TIMEOUT && content) timeoutMs = durationMs(content) || NO_TIMEOUT_MS
  }
  if (!token?.length)
    return { message: PollActivityTaskQueueResponse.encode({}).finish(), token: undefined, waitedMs: 0 }
  const sealed = seal.seal(token, deploymentId, Date.now() + timeoutMs + REPORTING_GRACE_MS)
  waitedMs = Math.max(waitedMs, 0)
  const leftMs = Math.max(scheduleToCloseMs - waitedMs, 1)
  if (scheduleToCloseMs > 0) parts.push(wireField(SCHEDULE_TO_CLOSE_TIMEOUT, durationOf(leftMs)))
  return { message: Buffer.concat([wireField(TASK_TOKEN, sealed), ...parts]), token, waitedMs }
}

function durationMs(content: Uint8Array): number {
  const { seconds, nanos } = Duration.decode(content)
  return Number(seconds) * 1_000 + nanos / 1e6
}

function durationOf(timeMs: number): Uint8Array {
  const seconds = Math.floor(timeMs / 1_000)
  return Duration.encode(Duration.fromObject({ seconds, nanos: Math.round((timeMs - seconds * 1_000) * 1e6) })).finish()
}

/**
 * What a worker needs to know of its namespace: its name, its limits, and those capabilities that hold through the
 * gateway. Its owner, its description and its data are the vendor's own affair.
 */
export function describeNamespace(message: Uint8Array): Uint8Array {
  const { namespaceInfo } = DescribeNamespaceResponse.decode(message)
  const { name, state, limits, capabilities } = namespaceInfo ?? {}
  return DescribeNamespaceResponse.encode({
    namespaceInfo: {
      name: name ?? '',
      state: state ?? null,
      limits: limits ?? null,
      capabilities: {
        workerHeartbeats: capabilities?.workerHeartbeats ?? false,
        pollerAutoscaling: capabilities?.pollerAutoscaling ?? false,
        // A worker that is promised this waits for its polls to end, 15 s when the control plane is gone.
        workerPollCompleteOnShutdown: false,
        // Commands to workers carry Temporal's own task tokens.
        workerCommands: false,
      },
    },
  }).finish()
}
