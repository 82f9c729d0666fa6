/** Puts the systems under load in turns, so that a noisy moment of the machine hits all alike. */
import type { Block, Load } from './load.js'
import { figuresOf, type Figures } from './statistics.js'
import { SYSTEM_NAMES, type SystemName, type Systems } from './systems.js'

export interface Phase {
  /** One block: each system gets one in every round. */
  readonly load: Load
  /** Rounds are begun until this is over; there is one at least. */
  readonly budgetMs: number
}

/** Each follows each other one once, since what a system leaves behind on the shared server burdens the next. */
const ORDERS: readonly (readonly SystemName[])[] = [
  ['stock', 'raw', 'product', 'gateway'],
  ['gateway', 'product', 'raw', 'stock'],
  ['raw', 'gateway', 'stock', 'product'],
  ['product', 'stock', 'gateway', 'raw'],
]

/**
 * Unmeasured calls before each sequential block. A stock server may poll its transfer queue 20 times a second and saves
 * up what it did not use: its first five or so calls after a pause take half of what all others do.
 */
const LEAD_IN: Load = { count: 8, inFlight: 1 }

export async function runPhase(
  { run }: Systems,
  { load, budgetMs }: Phase,
  onRound: (round: number) => void,
): Promise<Record<SystemName, Figures>> {
  const blocks: Record<SystemName, Block[]> = { stock: [], raw: [], product: [], gateway: [] }
  const endsAtMs = performance.now() + budgetMs
  let round = 0
  do {
    onRound(round + 1)
    for (const name of ORDERS[round % ORDERS.length] ?? SYSTEM_NAMES) {
      if (load.inFlight === 1) await run[name](LEAD_IN)
      blocks[name].push(await run[name](load))
    }
    round += 1
  } while (performance.now() < endsAtMs)
  return {
    stock: figuresOf(blocks.stock),
    raw: figuresOf(blocks.raw),
    product: figuresOf(blocks.product),
    gateway: figuresOf(blocks.gateway),
  }
}

/** Unmeasured calls: code gets compiled, caches filled, connections opened. */
export async function warmUp({ run }: Systems): Promise<void> {
  for (const name of SYSTEM_NAMES) await run[name]({ count: 24, inFlight: 4 })
}
