/**
 * Agents that have nothing to do, as the gateway sees them: each its own connection, its own deployment, two polls that
 * are renewed for good. What a Temporal worker would need beside is left out, for hundreds would not fit the machine.
 */
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import proto from '@temporalio/proto'
import { openAgentSession } from '@alienplatform/sdk/agent'
import { createDeployment } from '../deployment.js'
import { serve } from '../serve.js'

const { PollActivityTaskQueueRequest } = proto.temporal.api.workflowservice.v1
const { TASK_QUEUE_KIND_NORMAL } = proto.temporal.api.enums.v1.TaskQueueKind
const POLL = '/temporal.api.workflowservice.v1.WorkflowService/PollActivityTaskQueue'
const POLLS = 2
const POLL_MS = 70_000

export interface IdleAgentsSettings {
  readonly url: string
  readonly token: string
  readonly count: number
}

await serve(async (settings) => {
  const { url, token, count } = settings as IdleAgentsSettings
  const clients: Client[] = []
  for (let index = 0; index < count; index += 1)
    clients.push(await startIdleAgent(url, token, `idle-${count}-${index}`))
  return {
    ready: {},
    close: () => {
      for (const client of clients) client.close()
      return Promise.resolve()
    },
  }
})

async function startIdleAgent(url: string, apiKey: string, name: string): Promise<Client> {
  const { agentToken } = await createDeployment(url, apiKey, name)
  const { taskQueue, namespace } = await openAgentSession({ url, token: agentToken, functionName: '', commands: [] })
  const client = new Client(new URL(url).host, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${agentToken}`)
  const request = Buffer.from(
    PollActivityTaskQueueRequest.encode({
      namespace,
      taskQueue: { name: taskQueue, kind: TASK_QUEUE_KIND_NORMAL },
      workerInstanceKey: name,
    }).finish(),
  )
  const bytes = (value: Buffer): Buffer => value
  const poll = (): void => {
    const deadline = Date.now() + POLL_MS
    client.makeUnaryRequest(POLL, bytes, bytes, request, metadata, { deadline }, (error) => {
      if (error === null) poll()
    })
  }
  for (let polls = 0; polls < POLLS; polls += 1) poll()
  return client
}
