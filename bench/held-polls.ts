/** An agent that has nothing to do, as gRPC sees it: one connection, two polls that are renewed for good. */
import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import proto from '@temporalio/proto'

const { PollActivityTaskQueueRequest } = proto.temporal.api.workflowservice.v1
const { TASK_QUEUE_KIND_NORMAL } = proto.temporal.api.enums.v1.TaskQueueKind
export const POLL = '/temporal.api.workflowservice.v1.WorkflowService/PollActivityTaskQueue'
const POLLS = 2
/** As Temporal's SDK has it; an empty poll is answered after a minute. */
const POLL_MS = 70_000

export interface PolledQueue {
  readonly namespace: string
  readonly taskQueue: string
  readonly workerKey: string
}

export const bytesAsTheyAre = (bytes: Buffer): Buffer => bytes

/** @param address host and port, without TLS */
export function holdPolls(
  address: string,
  { namespace, taskQueue, workerKey }: PolledQueue,
  metadata = new Metadata(),
): Client {
  const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
  const request = Buffer.from(
    PollActivityTaskQueueRequest.encode({
      namespace,
      taskQueue: { name: taskQueue, kind: TASK_QUEUE_KIND_NORMAL },
      workerInstanceKey: workerKey,
    }).finish(),
  )
  const poll = (): void => {
    const deadline = Date.now() + POLL_MS
    client.makeUnaryRequest(POLL, bytesAsTheyAre, bytesAsTheyAre, request, metadata, { deadline }, (error) => {
      if (error === null) poll()
      // Its client was closed, in the end.
      else if (error.code !== status.CANCELLED) throw error
    })
  }
  for (let polls = 0; polls < POLLS; polls += 1) poll()
  return client
}
