/** A control plane with its vendor worker, and one agent, to be called and looked at. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { nodeFlagsOf, readStages } from '../tests/compose/dockerfile.js'
import type { Closers } from '../workers/closers.js'
import { startChild } from './child.js'
import { createDeployment } from './deployment.js'
import { runLoad, type Load, type Result } from './load.js'
import type { ControlPlaneReady } from './product/control-plane.js'
import { program } from './programs.js'
import { startServedAgent } from './served-agent.js'
import type { Usage } from './usage.js'

export async function startServedDeployment(temporalAddress: string, name: string, closers: Closers) {
  const controlPlane = await startChild<ControlPlaneReady, object, Usage>(
    program('product/control-plane'),
    { temporalAddress },
    nodeFlagsOf(await readStages(), 'control-plane'),
  )
  closers.add(controlPlane.stop)
  const { url, token } = controlPlane.ready
  const { id, agentToken } = await createDeployment(url, token, name)
  const agent = startServedAgent(url, agentToken)
  closers.add(agent.stop)
  const client = new CommandsClient({ deploymentId: id, token, url })
  return {
    url,
    token,
    load: (of: Load) => runLoad((params) => client.invoke<Result>('generate-report', params), of),
    /** Of the control plane. */
    usage: () => controlPlane.ask({}),
  }
}
