/**
 * One fault, and all columns under it at once:
 *
 *   trials brought to their moments ─► fault ─► over ─► every gate opened ─► ends observed
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultTimes } from './judge.js'
import type { Random } from './random.js'
import type { Row } from './rows.js'
import { Trial, type Column, type Observation } from './trial.js'
import type { World } from './world.js'

export interface RoundOptions {
  readonly world: World
  readonly row: Row
  readonly columns: readonly Column[]
  /** In each column; every other one is at-most-once. */
  readonly trials: number
  readonly lastsMs: number
  readonly random: Random
}

export interface RoundReport {
  readonly observations: readonly Observation[]
  readonly fault: FaultTimes
}

/** How far from the moment of the fault calls and cancels come that are to come at the same time. */
const ABOUT_MS = 120

export async function runRound(options: RoundOptions): Promise<RoundReport> {
  const { world, row, columns, random } = options
  // Each column has its own, since a link or an agent is brought to one moment at a time.
  const sites = columns.map((column) => world.site(column))
  const pids = new Map(await Promise.all(sites.map(async (site) => [site, await site.agentPid()] as const)))
  const trials = columns.flatMap((column) => trialsOf(options, column))
  const of = (column: Column) => trials.filter((trial) => trial.column === column)

  await bring(row, of)
  const started = of('before').map((trial) => about(random, () => trial.start()))
  const canceled = of('canceling').map(async (trial) => {
    const opens = random.oneOf(true, false)
    await about(random, () => trial.cancel())
    if (opens) await about(random, () => trial.openGate())
  })
  await delay(ABOUT_MS / 2)
  const fromMs = Date.now()
  const striking = row.strike({ world, sites, pids, random, lastsMs: options.lastsMs })
  if (row.holdsReports) await Promise.all(of('unreported').map((trial) => about(random, () => trial.openGate())))
  else for (const trial of of('unreported')) trial.site.link.restore()
  await striking
  const fault = { fromMs, toMs: Date.now() }
  await Promise.all([...started, ...canceled])
  await Promise.all(trials.map((trial) => trial.openGate()))
  return { observations: await Promise.all(trials.map((trial) => trial.observe(world))), fault }
}

/** What must have happened before the fault. */
async function bring({ holdsReports }: Row, of: (column: Column) => Trial[]): Promise<void> {
  const running = [...of('running'), ...of('unreported'), ...of('canceling')]
  await Promise.all(running.map((trial) => trial.start()))
  await Promise.all(running.map((trial) => trial.reaches('entered')))
  if (holdsReports) return
  const unreported = of('unreported')
  // So that the end of the handler is noted, and nobody hears of it.
  for (const trial of unreported) trial.site.link.cut('hang-up')
  await Promise.all(unreported.map((trial) => trial.openGate()))
  await Promise.all(unreported.map((trial) => trial.isNoted()))
}

const about = async (random: Random, act: () => Promise<void> | void): Promise<void> => {
  await delay(random.between(0, ABOUT_MS))
  await act()
}

function trialsOf({ world, trials }: RoundOptions, column: Column): Trial[] {
  const site = world.site(column)
  return Array.from({ length: trials }, (_, index) => new Trial(world, site, column, index % 2 === 1))
}
