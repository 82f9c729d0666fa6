/** `npm run bench -- --cost`: processor time of an invocation, of Temporal and of a control plane. Linux only. */
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer } from '../temporal/dev-server.js'
import type { Closers } from '../workers/closers.js'
import { cpuMsOf } from './cpu-time.js'
import type { Load } from './load.js'
import { startServedDeployment } from './served-deployment.js'
import { median } from './statistics.js'

const WARM_UP: Load = { count: 200, inFlight: 8 }
const ROUND: Load = { count: 500, inFlight: 8 }
const ROUNDS = 5

/** Milliseconds of a core for one invocation, of each round. */
export interface CostFigures {
  readonly temporalMs: readonly number[]
  /** With the vendor worker that is in it. */
  readonly controlPlaneMs: readonly number[]
}

/** On a busy machine, processor time is more as well, though far less so than the time between call and answer. */
export async function measureCost(closers: Closers, progress: (message: string) => void): Promise<CostFigures> {
  const { path } = await resolveTemporalBinary({ onProgress: progress })
  const temporal = await startDevServer({ binaryPath: path, searchAttributes: SEARCH_ATTRIBUTES })
  closers.add(temporal.stop)
  const { load, usage } = await startServedDeployment(temporal.address, 'cost', closers)
  const spent = async () => ({
    temporalMs: await cpuMsOf(temporal.pid),
    controlPlaneMs: (await usage()).cpuMs,
  })

  await load(WARM_UP)
  const figures = { temporalMs: [] as number[], controlPlaneMs: [] as number[] }
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`${ROUND.count} invocations, round ${round}`)
    const before = await spent()
    await load(ROUND)
    const after = await spent()
    for (const key of ['temporalMs', 'controlPlaneMs'] as const) {
      figures[key].push((after[key] - before[key]) / ROUND.count)
    }
  }
  return figures
}

export function costTable({ temporalMs, controlPlaneMs }: CostFigures): string {
  const line = (name: string, roundsMs: readonly number[]) =>
    `${name}  ${median(roundsMs).toFixed(1)} ms of a core (${roundsMs.map((each) => each.toFixed(1)).join(', ')})`
  return [
    `an invocation, median of ${ROUNDS} rounds of ${ROUND.count} at ${ROUND.inFlight} in flight:`,
    line('Temporal      ', temporalMs),
    line('control plane ', controlPlaneMs),
  ].join('\n')
}
