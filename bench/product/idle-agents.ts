/**
 * Agents that have nothing to do, as the gateway sees them: each its own connection, its own deployment, two polls. What a
 * Temporal worker would need beside is left out, for hundreds would not fit the machine.
 */
import { Metadata, type Client } from '@grpc/grpc-js'
import { openAgentSession } from '@alienplatform/sdk/agent'
import { createDeployment } from '../deployment.js'
import { holdPolls } from '../held-polls.js'
import { serve } from '../serve.js'

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
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${agentToken}`)
  return holdPolls(new URL(url).host, { namespace, taskQueue, workerKey: name }, metadata)
}
