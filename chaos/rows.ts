/** What goes wrong. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Cut } from '../tests/support/tcp-proxy.js'
import type { Plan } from './plan.js'
import type { Random } from './random.js'
import type { Site } from './site.js'
import type { World } from './world.js'

/** What a fault is given. */
interface Strike {
  readonly world: World
  readonly sites: readonly Site[]
  /** Of the agent's process at each site. */
  readonly pids: ReadonlyMap<Site, number>
  readonly random: Random
  /** How long the fault lasts. */
  readonly lastsMs: number
}

export interface Row {
  readonly name: string
  /**
   * `lives`: its handlers go on and can report, sooner or later. `away`: the same, but meanwhile nobody hears of it.
   * `dies`: what it had not noted is lost.
   */
  readonly agent: 'lives' | 'away' | 'dies'
  /** The column of effects without a report: the fault itself keeps the report away, so it comes before the effect's end. */
  readonly holdsReports: boolean
  readonly workerApart: boolean
  /** How long the fault lasts. Default: what chance says. */
  readonly lastsMs?: (plan: Plan) => number
  /** Resolves when the fault is over. */
  readonly strike: (strike: Strike) => Promise<void>
}

const defaults = { agent: 'lives', holdsReports: false, workerApart: false } as const

const killAgents: Row['strike'] = async ({ sites, pids, random, lastsMs }) => {
  await Promise.all(
    sites.map(async (site) => {
      const pid = pids.get(site) ?? 0
      if (random.oneOf('process', 'machine') === 'process') {
        process.kill(pid, 'SIGKILL')
        return
      }
      await site.killMachine(pid)
      await delay(lastsMs)
      site.startMachine()
    }),
  )
}

const freezeAgents: Row['strike'] = async ({ pids, lastsMs }) => {
  for (const pid of pids.values()) process.kill(pid, 'SIGSTOP')
  await delay(lastsMs)
  for (const pid of pids.values()) process.kill(pid, 'SIGCONT')
}

const cutLinks =
  (how: Cut): Row['strike'] =>
  async ({ sites, lastsMs }) => {
    for (const { link } of sites) link.cut(how)
    await delay(lastsMs)
    for (const { link } of sites) link.restore()
  }

const RESET_EVERY_MS = 300

const resetLinks: Row['strike'] = async ({ sites, lastsMs }) => {
  const endMs = performance.now() + lastsMs
  while (performance.now() < endMs) {
    await delay(RESET_EVERY_MS)
    for (const { link } of sites) {
      link.cut('refuse')
      link.restore()
    }
  }
}

const fillDisks: Row['strike'] = async ({ pids, lastsMs }) => {
  await Promise.all([...pids].map(([site, pid]) => site.fillDisk(pid)))
  await delay(lastsMs)
  await Promise.all([...pids].map(([site, pid]) => site.emptyDisk(pid)))
}

const HOUR_MS = 3_600_000

const shiftClocks: Row['strike'] = async ({ sites, random, lastsMs }) => {
  await Promise.all(sites.map((site) => site.shiftClock(random.oneOf(HOUR_MS, -HOUR_MS))))
  await delay(lastsMs)
  await Promise.all(sites.map((site) => site.setClock()))
}

export const ROWS: readonly Row[] = [
  { ...defaults, name: 'agent kill -9', agent: 'dies', strike: killAgents },
  { ...defaults, name: 'agent SIGSTOP', agent: 'away', lastsMs: ({ freezeMs }) => freezeMs, strike: freezeAgents },
  {
    ...defaults,
    name: 'control plane kill -9',
    strike: async ({ world, lastsMs }) => {
      await world.killControlPlane()
      await delay(lastsMs)
      world.startControlPlane()
      await world.ready()
    },
  },
  {
    ...defaults,
    name: 'vendor worker kill -9',
    workerApart: true,
    strike: async ({ world, lastsMs }) => {
      await world.killWorker()
      await delay(lastsMs)
      world.startWorker()
    },
  },
  {
    ...defaults,
    name: 'Temporal kill -9',
    strike: async ({ world, lastsMs }) => {
      await world.killTemporal()
      await delay(lastsMs)
      await world.startTemporal()
      await world.ready()
    },
  },
  { ...defaults, name: 'link refused', agent: 'away', holdsReports: true, strike: cutLinks('refuse') },
  { ...defaults, name: 'link hangs', agent: 'away', holdsReports: true, strike: cutLinks('hang') },
  { ...defaults, name: 'link reset', holdsReports: true, strike: resetLinks },
  { ...defaults, name: 'link cut upwards', agent: 'away', holdsReports: true, strike: cutLinks('hang-up') },
  { ...defaults, name: 'link cut downwards', holdsReports: true, strike: cutLinks('hang-down') },
  { ...defaults, name: 'link 2 s slow', holdsReports: true, strike: cutLinks('slow') },
  { ...defaults, name: 'agent disk full', holdsReports: true, strike: fillDisks },
  { ...defaults, name: 'agent clock 1 h off', holdsReports: true, strike: shiftClocks },
]
