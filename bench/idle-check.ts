/**
 * What hundreds of agents cost that have nothing to do: memory and processor of a control plane, and the time of a call
 * to one more agent.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Closers } from '../workers/closers.js'
import { startChild } from './child.js'
import { program } from './programs.js'
import { startServedDeployment } from './served-deployment.js'
import type { BareProxyReady } from './raw/bare-proxy.js'
import { percentile, rounded } from './statistics.js'
import { cpuPercentOf, type Usage } from './usage.js'

export interface IdleFigures {
  readonly count: number
  /** Resident memory of the control plane, vendor worker included. */
  readonly rssMb: number
  /** Of one core, while nothing is invoked; over the time in which every poll is renewed once. */
  readonly cpuPercent: number
  /** What a process takes in the same time that passes as many polls on, and does nothing else. */
  readonly bareProxyCpuPercent: number
  /** Of calls to an agent beside the idle ones. */
  readonly p50Ms: number
  /** The same just before there were any. */
  readonly unloadedP50Ms: number
}

/** What their arrival left to do is done by then. */
const SETTLED_MS = 10_000
/** In this time each poll is renewed once: Temporal answers an empty one after a minute. */
const WATCHED_MS = 60_000
const WARM_UP = { count: 24, inFlight: 4 }
const LOAD = { count: 60, inFlight: 1 }

export interface IdleTemporals {
  readonly address: string
  /** Of the bare proxy's polls: a server has room for so many in a namespace. */
  readonly stockAddress: string
}

export async function measureIdleAgents(
  { address, stockAddress }: IdleTemporals,
  count: number,
  closers: Closers,
): Promise<IdleFigures> {
  const { url, token, load, usage } = await startServedDeployment(address, 'busy', closers)
  const p50 = async (): Promise<number> => {
    const sorted = [...(await load(LOAD)).latenciesMs].sort((a, b) => a - b)
    return rounded(percentile(sorted, 50))
  }

  await load(WARM_UP)
  const unloadedP50Ms = await p50()
  const idle = await startChild(program('product/idle-agents'), { url, token, count })
  closers.add(idle.stop)
  const bareUsage = await startBarePolls(stockAddress, count, closers)
  await delay(SETTLED_MS)
  const [before, bareBefore] = await Promise.all([usage(), bareUsage()])
  await delay(WATCHED_MS)
  const [after, bareAfter] = await Promise.all([usage(), bareUsage()])
  const p50Ms = await p50()
  return {
    count,
    rssMb: rounded(after.rssBytes / 2 ** 20),
    cpuPercent: rounded(cpuPercentOf(before, after)),
    bareProxyCpuPercent: rounded(cpuPercentOf(bareBefore, bareAfter)),
    p50Ms,
    unloadedP50Ms,
  }
}

/** Gives what the proxy took so far. */
async function startBarePolls(temporalAddress: string, count: number, closers: Closers): Promise<() => Promise<Usage>> {
  const proxy = await startChild<BareProxyReady, object, Usage>(program('raw/bare-proxy'), { temporalAddress })
  closers.add(proxy.stop)
  const pollers = await startChild(program('raw/idle-pollers'), { address: proxy.ready.address, count })
  closers.add(pollers.stop)
  return () => proxy.ask({})
}
