/** `npm run bench -- --cost`: processor time of an invocation, of Temporal and of a control plane. Linux only. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { readFile } from 'node:fs/promises'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer } from '../temporal/dev-server.js'
import type { Closers } from '../workers/closers.js'
import { startChild } from './child.js'
import { createDeployment } from './deployment.js'
import { runLoad, type Load, type Result } from './load.js'
import type { ControlPlaneReady, Usage } from './product/control-plane.js'
import { program } from './programs.js'
import { startServedAgent } from './served-agent.js'
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
  const controlPlane = await startChild<ControlPlaneReady, object, Usage>(program('product/control-plane'), {
    temporalAddress: temporal.address,
  })
  closers.add(controlPlane.stop)
  const { url, token } = controlPlane.ready
  const { id, agentToken } = await createDeployment(url, token, 'cost')
  const agent = startServedAgent(url, agentToken)
  closers.add(agent.stop)
  const client = new CommandsClient({ deploymentId: id, token, url })
  const load = (of: Load) => runLoad((params) => client.invoke<Result>('generate-report', params), of)
  const spent = async () => ({
    temporalMs: await processorMs(temporal.pid),
    controlPlaneMs: (await controlPlane.ask({})).cpuMs,
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

const TICKS_PER_SECOND = 100
/** Of the fields after the name, which is in parentheses: proc_pid_stat(5). */
const USER_TIME = 11
const SYSTEM_TIME = 12

async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) * 1_000) / TICKS_PER_SECOND
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
