/** A great many invocations for a deployment that is offline: they cost the control plane little, and are run in order. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../../tests/support/eventually.js'
import type { Bar } from './bar.js'
import { inLanes } from '../../bench/lanes.js'

const COUNT = { full: 10_000, short: 300 }
const IN_FLIGHT = 8
const MAX_GROWN_BYTES = 100_000_000
/** For V8 to collect what starting them left behind, which it does when there is less to do: what stays is what they cost. */
const SETTLES_WITHIN_MS = 60_000
/**
 * The queue is in order. What is started at the same time may come to it in another, since a start is answered before
 * its workflow has put the delivery there.
 */
const MAX_OUT_OF_ORDER = 150
const DRAINED_WITHIN_MS = 1_800_000

export const BACKLOG: Bar = {
  name: 'backlog of an offline deployment',
  run: async (world, isShort, progress) => {
    const count = isShort ? COUNT.short : COUNT.full
    const site = world.site('running')
    const { client } = site
    const [online, queued] = [join(world.folder, 'online'), join(world.folder, 'queued')]
    const onlineMs = await timed(() =>
      inLanes(COUNT.short, 64, (line) => client.invoke('note', { file: online, line })),
    )
    const fullSpeed = (COUNT.short / onlineMs) * 1_000
    await site.killMachine(await site.agentPid())
    const beforeBytes = await world.controlPlaneBytes()
    await inLanes(count, IN_FLIGHT, (line) => client.start('note', { file: queued, line }))
    const grownBytes = async (): Promise<number> => (await world.controlPlaneBytes()) - beforeBytes
    const atOnceBytes = await grownBytes()
    await eventually(
      'its memory settles',
      async () => (await grownBytes()) < MAX_GROWN_BYTES || undefined,
      SETTLES_WITHIN_MS,
    ).catch(() => undefined)
    const settledBytes = await grownBytes()
    progress(`${count} are queued; the agent returns`)
    site.startMachine()
    await eventually('the first is run', async () => (await linesOf(queued))[0], DRAINED_WITHIN_MS)
    const drainMs = await timed(() =>
      eventually('all are run', async () => (await linesOf(queued)).length >= count || undefined, DRAINED_WITHIN_MS),
    )
    const order = await linesOf(queued)
    const outOfOrder = Math.max(...order.map((line, index) => Math.abs(line - index)))
    const isOnce = new Set(order).size === count && order.length === count
    const speed = (count / drainMs) * 1_000
    return {
      figures: [
        `${count} queued, ${megabytes(settledBytes)} MB more in the control plane (bar ${megabytes(MAX_GROWN_BYTES)}), ${megabytes(atOnceBytes)} right after the last start`,
        `run at ${speed.toFixed(1)} a second, calls from outside at ${fullSpeed.toFixed(1)}`,
        `at most ${outOfOrder} places out of order (bar ${MAX_OUT_OF_ORDER})`,
        isOnce ? 'each once' : 'NOT each once',
      ].join('; '),
      isMet: settledBytes < MAX_GROWN_BYTES && speed >= fullSpeed * 0.9 && outOfOrder <= MAX_OUT_OF_ORDER && isOnce,
    }
  },
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6)

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}

const linesOf = async (file: string): Promise<number[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1).map(Number)
