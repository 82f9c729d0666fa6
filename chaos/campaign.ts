/** All rows, one after the other, each as often as it takes. */
import { violationsOf } from './judge.js'
import type { Plan } from './plan.js'
import { Random } from './random.js'
import { runRound } from './round.js'
import type { Row } from './rows.js'
import type { Column, Observation } from './trial.js'
import { World } from './world.js'

export interface Cell {
  readonly row: string
  readonly column: Column
  runs: number
  /** Deliveries that an agent took. */
  attempts: number
  /** How the runs ended: status, or the code of the error. */
  readonly ends: Record<string, number>
  readonly violations: string[]
}

export interface CampaignOptions {
  readonly plan: Plan
  readonly rows: readonly Row[]
  readonly columns: readonly Column[]
  readonly seed: number
  readonly onProgress: (message: string) => void
}

export async function runCampaign(options: CampaignOptions): Promise<readonly Cell[]> {
  const cells: Cell[] = []
  // Those with one layout of the vendor's side together, for each layout takes some seconds to come up.
  for (const workerApart of [false, true]) {
    const rows = options.rows.filter((row) => row.workerApart === workerApart)
    if (rows.length === 0) continue
    options.onProgress(`starting Temporal, the control plane and ${options.columns.length} agents`)
    const world = await World.open({ workerApart, sites: options.columns })
    try {
      for (const row of rows) cells.push(...(await runRow(world, row, options)))
    } finally {
      await world.close()
    }
  }
  return cells
}

async function runRow(world: World, row: Row, { plan, columns, seed, onProgress }: CampaignOptions): Promise<Cell[]> {
  // Of its own, so that a row alone meets what it meets among the others.
  const random = new Random(seed)
  const cells = columns.map((column): Cell => ({
    row: row.name,
    column,
    runs: 0,
    attempts: 0,
    ends: {},
    violations: [],
  }))
  for (let done = 0; done < plan.trials; done += plan.trialsPerFault) {
    const startMs = performance.now()
    const trials = Math.min(plan.trialsPerFault, plan.trials - done)
    const lastsMs = row.lastsMs?.(plan) ?? random.between(...plan.lastsMs)
    const { observations, fault } = await runRound({ world, row, columns, trials, lastsMs, random })
    for (const trial of observations) {
      const cell = cells.find(({ column }) => column === trial.column)
      if (cell) count(cell, trial, violationsOf(trial, row, fault))
    }
    const violations = cells.reduce((sum, cell) => sum + cell.violations.length, 0)
    const seconds = Math.round((performance.now() - startMs) / 1_000)
    onProgress(`${row.name}: ${done + trials} of ${plan.trials} a cell, ${violations} violations, ${seconds} s`)
  }
  return cells
}

function count(cell: Cell, trial: Observation, violations: readonly string[]): void {
  const { invocation, invocationId, effects, history } = trial
  cell.runs += 1
  cell.attempts += history.attempts.length
  const end = invocation?.error?.code ?? invocation?.status ?? 'did not end'
  cell.ends[end] = (cell.ends[end] ?? 0) + 1
  const seen = effects.map(({ effect }) => effect).join(', ')
  cell.violations.push(...violations.map((violation) => `${invocationId} ${violation} (handler: ${seen})`))
}
