/**
 * The systems that are compared, ready to be put under load.
 *
 *  stock    Temporal's dev server as it comes, SDK defaults, no code of ours
 *  raw      the same programs with eager start, on the very server that the product runs on
 *  product  `CommandsClient` over HTTP, with an agent that goes past the gateway
 *  gateway  the same as its users have it: agents reach Temporal through the gateway
 *
 * In each, the far side is a process of its own. The caller of the first two lives beside the workflow worker, as
 * eager start demands; the product's caller is this process, and its control plane another.
 */
import { CommandsClient } from '@alienplatform/sdk/commands'
import type { DevState } from '../protocol/dev-state.js'
import type { Closers } from '../workers/closers.js'
import { createDeployment } from './deployment.js'
import { startChild } from './child.js'
import { runLoad, type Block, type Load, type Result } from './load.js'
import { program } from './programs.js'
import type { RawSettings } from './raw/settings.js'
import { startStockServer } from './stock-server.js'

export const SYSTEM_NAMES = ['stock', 'raw', 'product', 'gateway'] as const
export type SystemName = (typeof SYSTEM_NAMES)[number]
type RunBlock = (load: Load) => Promise<Block>

export interface Systems {
  readonly run: Readonly<Record<SystemName, RunBlock>>
  readonly stockAddress: string
  /** The product's stack, and a client of the agent behind the gateway. */
  readonly state: DevState
  readonly client: CommandsClient
}

export async function startSystems(temporalPath: string, closers: Closers): Promise<Systems> {
  const stock = await startStockServer(temporalPath)
  closers.add(stock.stop)
  const stack = await startChild<DevState>(program('product/stack'))
  closers.add(stack.stop)
  const { ready: state } = stack
  const [deployment] = state.deployments
  if (!deployment) throw new Error('the stack has no deployment')
  const { url, token, temporalAddress } = state
  const client = new CommandsClient({ deploymentId: deployment.id, token, url })
  const { id, agentToken } = await createDeployment(url, token, 'direct')
  const directAgent = await startChild(program('product/direct-agent'), { url, agentToken, temporalAddress })
  closers.add(directAgent.stop)
  const direct = new CommandsClient({ deploymentId: id, token, url })
  return {
    run: {
      stock: await startRaw({ address: stock.address, namespace: 'default', tuned: false }, closers),
      raw: await startRaw({ address: state.temporalAddress, namespace: state.namespace, tuned: true }, closers),
      product: (load) => runLoad((params) => direct.invoke<Result>('generate-report', params), load),
      gateway: (load) => runLoad((params) => client.invoke<Result>('generate-report', params), load),
    },
    stockAddress: stock.address,
    state,
    client,
  }
}

export async function startRaw(settings: RawSettings, closers: Closers): Promise<RunBlock> {
  const agent = await startChild(program('raw/agent'), settings)
  closers.add(agent.stop)
  const caller = await startChild<object, Load, Block>(program('raw/caller'), settings)
  closers.add(caller.stop)
  return caller.ask
}
