import { COLUMNS } from '../trial.js'
import { World } from '../world.js'
import { BACKLOG } from './backlog.js'
import type { Bar, Measured } from './bar.js'
import { HEAD_OF_LINE } from './head-of-line.js'
import { MIGRATION } from './migration.js'
import { OUTAGE } from './outage.js'

export const BARS: readonly Bar[] = [HEAD_OF_LINE, OUTAGE, MIGRATION, BACKLOG]

/** One after the other, in one world. */
export async function runBars(
  bars: readonly Bar[],
  isShort: boolean,
  progress: (message: string) => void,
): Promise<readonly (Measured & { readonly name: string })[]> {
  const world = await World.open({ workerApart: false, sites: COLUMNS })
  try {
    const reports = []
    for (const { name, run } of bars) {
      progress(name)
      reports.push({ name, ...(await run(world, isShort, progress)) })
    }
    return reports
  } finally {
    await world.close()
  }
}
