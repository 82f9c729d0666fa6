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
/** In turns, so that what else the machine does meets both alike. */
const ROUNDS = { full: 7, short: 3 }

export const HEAD_OF_LINE: Bar = {
  name: `head of line: 1 slow and ${FAST} fast commands`,
  run: async (world, isShort) => {
    const { client } = world.site('running')
    const p99sMs = { alone: [] as number[], beside: [] as number[] }
    await p99Ms(client)
    for (let round = 0; round < (isShort ? ROUNDS.short : ROUNDS.full); round += 1) {
      p99sMs.alone.push(await p99Ms(client))
      const file = join(world.folder, randomUUID())
      const slow = await client.start('work', { file })
      p99sMs.beside.push(await p99Ms(client))
      // It is as slow as the fast ones together.
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
