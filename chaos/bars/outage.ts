/**
 * The control plane is away for so long that every back-off is at its longest; then all agents are back soon: those that
 * ran all the time, and those that were started meanwhile.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Bar } from './bar.js'

const AWAY_MS = { full: 300_000, short: 45_000 }
const BACK_WITHIN_MS = 10_000

export const OUTAGE: Bar = {
  name: 'outage of the control plane',
  run: async (world, isShort) => {
    const awayMs = isShort ? AWAY_MS.short : AWAY_MS.full
    const sites = [...world.sites.values()]
    const pids = await Promise.all(sites.map((site) => site.agentPid()))
    await world.killControlPlane()
    // Every other agent, so that both kinds are there; their supervisors start new ones.
    for (const [index, pid] of pids.entries()) if (index % 2 === 1) process.kill(pid, 'SIGKILL')
    await delay(awayMs)
    world.startControlPlane()
    await world.ready()
    const readyAtMs = performance.now()
    const backMs = await Promise.all(
      sites.map(async (site) => {
        await site.agentPid()
        return performance.now() - readyAtMs
      }),
    )
    const after = backMs.map((timeMs) => (timeMs / 1_000).toFixed(1)).join(', ')
    return {
      figures: `${awayMs / 1_000} s away; agents back after ${after} s (bar ${BACK_WITHIN_MS / 1_000})`,
      isMet: Math.max(...backMs) <= BACK_WITHIN_MS,
    }
  },
}
