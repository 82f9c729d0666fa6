/** Tasks of the function `raw`, taken and reported on call by call. */
import { NAMESPACE, type Battlefield, type Side } from './battlefield.js'
import { HostileClient, service, temporal } from './hostile-client.js'

export interface RawTask {
  readonly invocationId: string
  /** As the gateway gave it. */
  readonly sealed: Uint8Array
  /** As Temporal gave it. */
  readonly raw: Uint8Array
  /** Ends the heartbeats that keep it from being taken for lost. */
  readonly abandon: () => void
}

const TAKEN_WITHIN_MS = 20_000
/** 8 s of silence are a lost agent. */
const HEARTBEAT_MS = 1_000

/** Starts an invocation of `raw-task` and takes its task as an agent of that side would. */
export async function takeRawTask(field: Battlefield, side: Side): Promise<RawTask> {
  const { id } = await side.commands.start('raw-task', {}, { timeoutMs: 600_000 })
  const client = new HostileClient(`${field.host}:${field.port}`, side.keeperToken)
  try {
    const answer = await client.call({
      method: 'PollActivityTaskQueue',
      request: pollRequest(side.rawQueue),
      timeoutMs: TAKEN_WITHIN_MS,
    })
    const { taskToken } = service.PollActivityTaskQueueResponse.decode(answer.message)
    const sealedAt = field.recorder.calls.findLast(
      ({ path, answer: given }) => path.endsWith('/PollActivityTaskQueue') && workflowOf(given) === id,
    )
    if (sealedAt === undefined || taskToken.length === 0) throw new Error(`no task came for ${id}: ${answer.details}`)
    const raw = service.PollActivityTaskQueueResponse.decode(sealedAt.answer).taskToken
    return { invocationId: id, sealed: taskToken, raw, abandon: keepAlive(client, taskToken) }
  } catch (error) {
    client.close()
    throw error
  }
}

function keepAlive(client: HostileClient, taskToken: Uint8Array): () => void {
  const request = service.RecordActivityTaskHeartbeatRequest.encode({ taskToken, namespace: NAMESPACE }).finish()
  const beat = setInterval(() => void client.call({ method: 'RecordActivityTaskHeartbeat', request }), HEARTBEAT_MS)
  return () => {
    clearInterval(beat)
    client.close()
  }
}

const workflowOf = (answer: Uint8Array): string | null | undefined =>
  service.PollActivityTaskQueueResponse.decode(answer).workflowExecution?.workflowId

export const pollRequest = (queue: string, more: object = {}): Uint8Array =>
  service.PollActivityTaskQueueRequest.encode({
    namespace: NAMESPACE,
    taskQueue: { name: queue, kind: temporal.api.enums.v1.TaskQueueKind.TASK_QUEUE_KIND_NORMAL },
    identity: 'mallory',
    ...more,
  }).finish()
