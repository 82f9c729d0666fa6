/** One slow command and 99 fast ones on one agent: the fast ones do not wait for it. */
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { median, percentile } from '../../bench/statistics.js'
import { gateOf } from '../effects.js'
import type { Bar } from './bar.js'
import { inLanes } from '../../bench/lanes.js'

const FAST = 99
const IN_FLIGHT = 8
const MAX_RATIO = 1.3
/** In turns, so that what else the machine does meets both alike. The slow command lasts as long as a turn. */
const TURNS = { full: { count: 3, lastMs: 60_000 }, short: { count: 3, lastMs: 1 } }

export const HEAD_OF_LINE: Bar = {
  name: `head of line: 1 slow and ${FAST} fast commands`,
  run: async (world, isShort) => {
    const { client } = world.site('running')
    const { count, lastMs } = isShort ? TURNS.short : TURNS.full
    const p99sMs = { alone: [] as number[], beside: [] as number[] }
    await p99Ms(client)
    for (let turn = 0; turn < count; turn += 1) {
      p99sMs.alone.push(...(await p99sFor(lastMs, client)))
      const file = join(world.folder, randomUUID())
      const slow = await client.start('work', { file })
      p99sMs.beside.push(...(await p99sFor(lastMs, client)))
      await writeFile(gateOf(file), '')
      await slow.result()
    }
    const [alone, beside] = [median(p99sMs.alone), median(p99sMs.beside)]
    return {
      figures: `p99 of the fast ones ${Math.round(beside)} ms beside it, ${Math.round(alone)} ms without: ${(beside / alone).toFixed(2)} times (bar ${MAX_RATIO})`,
      isMet: beside / alone <= MAX_RATIO,
    }
  },
}

/** At least once, and then until the time is over. */
async function p99sFor(ms: number, client: CommandsClient): Promise<number[]> {
  const endMs = performance.now() + ms
  const p99s = []
  do p99s.push(await p99Ms(client))
  while (performance.now() < endMs)
  return p99s
}

async function p99Ms(client: CommandsClient): Promise<number> {
  const tookMs: number[] = []
  await inLanes(FAST, IN_FLIGHT, async () => {
    const startMs = performance.now()
    await client.invoke('pid')
    tookMs.push(performance.now() - startMs)
  })
  return percentile(
    tookMs.sort((a, b) => a - b),
    99,
  )
}
