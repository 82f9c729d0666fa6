/** An agent in a process of its own, which pulls. */
import type { InvocationHandle } from '@alienplatform/sdk/commands'
import { status } from '@grpc/grpc-js'
import { Client, Connection } from '@temporalio/client'
import { forgedToken } from '../../attack/forged-token.js'
import { TaskTokenSeal } from '../../gateway/task-token.js'
import type { Closers } from '../../workers/closers.js'
import { AgentProcess } from '../support/agent-process.js'
import { eventually } from '../support/eventually.js'
import { RawAgent } from '../support/raw-agent.js'
import { CONTRACT_HANDLERS, ticketEndMs, WRONG_KEY, type Road } from './road.js'
import type { VendorSide } from './vendor-side.js'

export async function openPullRoad(vendor: VendorSide, closers: Closers): Promise<Road> {
  const { link, folder, url, sealingKey } = vendor
  const { id, agentToken } = await vendor.createDeployment('pull')
  const agent = new AgentProcess({
    url: link.url,
    token: agentToken,
    stateDir: `${folder}/agent`,
    handlers: CONTRACT_HANDLERS,
  })
  closers.add(() => agent.stop())
  const connection = await Connection.connect({ address: vendor.temporalAddress })
  closers.add(() => connection.close())
  const temporal = new Client({ connection })
  const raw = new RawAgent(url, agentToken)
  closers.add(() => raw.close())
  const client = vendor.client('pull')
  // Its commands, and their policies, are known from now on.
  await client.invoke('echo', { value: 1 })
  return {
    client,
    // Temporal delivers again what it has lost sight of.
    redeliver: async (handle) => {
      const before = await attemptOf(handle)
      link.cut('hang')
      await eventually('it is lost', async () => ((await attemptOf(handle)) > before ? true : undefined))
      link.restore()
      // Its handler may have ended meanwhile, so that it is over at once.
      await eventually('it is running again, or over', async () =>
        (await handle.status()) === 'queued' ? undefined : true,
      )
    },
    report: async (handle, ticket) => {
      const seal = new TaskTokenSeal([ticket === 'wrong' ? WRONG_KEY : sealingKey])
      const task = await forgedToken({ temporal }, handle.id)
      const taskToken = seal.seal(task, ticket === 'foreign' ? 'dep_other' : id, ticketEndMs(ticket))
      const refusal = await raw.refusal('RespondActivityTaskCompleted', { namespace: 'default', taskToken })
      if (refusal === 'let through') return 'recorded'
      return refusal.code === status.NOT_FOUND ? 'late' : 'refused'
    },
  }
}

const attemptOf = async (handle: InvocationHandle): Promise<number> => (await handle.describe()).attempt ?? 0
