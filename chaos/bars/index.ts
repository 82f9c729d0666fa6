import { COLUMNS } from '../trial.js'
import { World } from '../world.js'
import { BACKLOG } from './backlog.js'
import type { Bar, Measured } from './bar.js'
import { HEAD_OF_LINE } from './head-of-line.js'
import { OUTAGE } from './outage.js'

const BARS: readonly Bar[] = [HEAD_OF_LINE, OUTAGE, BACKLOG]

/** Those whose names have one of the texts, one after the other, in one world. */
export async function runBars(
  texts: readonly string[],
  isShort: boolean,
  progress: (message: string) => void,
): Promise<readonly (Measured & { readonly name: string })[]> {
  const world = await World.open({ workerApart: false, sites: COLUMNS })
  try {
    const reports = []
    for (const { name, run } of BARS.filter(({ name }) => texts.some((text) => name.includes(text)))) {
      progress(name)
      reports.push({ name, ...(await run(world, isShort, progress)) })
    }
    return reports
  } finally {
    await world.close()
  }
}
