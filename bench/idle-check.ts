/**
 * What hundreds of agents cost that have nothing to do: memory and processor of a control plane, and the time of a call
 * to one more agent.
 */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { setTimeout as delay } from 'node:timers/promises'
import type { Closers } from '../workers/closers.js'
import { startChild } from './child.js'
import { createDeployment } from './deployment.js'
import { runLoad, type Result } from './load.js'
import type { ControlPlaneReady, Usage } from './product/control-plane.js'
import { program } from './programs.js'
import { startServedAgent } from './served-agent.js'
import { percentile, rounded } from './statistics.js'

export interface IdleFigures {
  readonly count: number
  /** Resident memory of the control plane, vendor worker included. */
  readonly rssMb: number
  /** Of one core, while nothing is invoked. */
  readonly cpuPercent: number
  /** Of calls to an agent beside the idle ones. */
  readonly p50Ms: number
  /** The same just before there were any. */
  readonly unloadedP50Ms: number
}

const WATCHED_MS = 10_000
const WARM_UP = { count: 24, inFlight: 4 }
const LOAD = { count: 60, inFlight: 1 }

export async function measureIdleAgents(
  temporalAddress: string,
  count: number,
  closers: Closers,
): Promise<IdleFigures> {
  const controlPlane = await startChild<ControlPlaneReady, object, Usage>(program('product/control-plane'), {
    temporalAddress,
  })
  closers.add(controlPlane.stop)
  const { url, token } = controlPlane.ready
  const { id, agentToken } = await createDeployment(url, token, 'busy')
  const agent = startServedAgent(url, agentToken)
  closers.add(agent.stop)
  const client = new CommandsClient({ deploymentId: id, token, url })
  const latencies = async (load: typeof LOAD): Promise<readonly number[]> =>
    (await runLoad((params) => client.invoke<Result>('generate-report', params), load)).latenciesMs
  const p50 = async (): Promise<number> => {
    const sorted = [...(await latencies(LOAD))].sort((a, b) => a - b)
    return rounded(percentile(sorted, 50))
  }

  await latencies(WARM_UP)
  const unloadedP50Ms = await p50()
  const idle = await startChild(program('product/idle-agents'), { url, token, count })
  closers.add(idle.stop)
  const before = await controlPlane.ask({})
  await delay(WATCHED_MS)
  const after = await controlPlane.ask({})
  const p50Ms = await p50()
  return {
    count,
    rssMb: rounded(after.rssBytes / 2 ** 20),
    cpuPercent: rounded((100 * (after.cpuMs - before.cpuMs)) / (after.atMs - before.atMs)),
    p50Ms,
    unloadedP50Ms,
  }
}
