/** `npm run bench -- --agent-loop`: an AI agent's tool calls beside the bench's own command, on one agent, in turns. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import type { DevState } from '../protocol/dev-state.js'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Closers } from '../workers/closers.js'
import { startChild } from './child.js'
import { program } from './programs.js'
import { median } from './statistics.js'
import { startRaw } from './systems.js'
import { timesMs } from './times.js'

const CALLS = 100
/** The two take turns, so that what else the machine does hits both. */
const CALLS_A_TURN = 10
const WARM_UP_CALLS = 20
const PARALLEL = 10
const PARALLEL_ROUNDS = 10

/** Of the bench's command. */
const MAX_RATIO = 1.1
/** Of the time of one call. */
const MAX_PARALLEL_RATIO = 3

export interface AgentLoopFigures {
  readonly toolP50Ms: number
  readonly productP50Ms: number
  /** Of `PARALLEL` calls at the same time; median of the rounds. */
  readonly parallelMs: number
  /** The same of plain Temporal on the same server: what it and the machine leave to be gained. */
  readonly rawP50Ms: number
  readonly rawParallelMs: number
}

export async function measureAgentLoop(
  closers: Closers,
  progress: (message: string) => void,
): Promise<AgentLoopFigures> {
  const workspace = await mkdtemp(join(tmpdir(), 'alien-bench-'))
  closers.add(() => rm(workspace, { recursive: true, force: true }))
  await writeFile(join(workspace, 'notes.md'), '# Notes\n')
  progress('starting the product, with the example of an AI agent')
  const stack = await startChild<DevState>(program('product/agent-stack'), { workspace })
  closers.add(stack.stop)
  const { url, token, deployments, temporalAddress, namespace } = stack.ready
  const client = new CommandsClient({ deploymentId: deployments[0]?.id ?? '', token, url })
  const tool = (n: number): Promise<unknown> =>
    n % 2 === 0 ? client.invoke('read-file', { path: 'notes.md' }) : client.invoke('list-files', { directory: '.' })
  const product = (n: number): Promise<unknown> =>
    client.invoke('generate-report', { startDate: '2025-01-01', sequence: n })
  const raw = await startRaw({ address: temporalAddress, namespace, tuned: true }, closers)
  await raw({ count: WARM_UP_CALLS, inFlight: 4 })
  await timesMs(WARM_UP_CALLS, tool)
  await timesMs(WARM_UP_CALLS, product)
  progress(`${CALLS} tool calls, beside as many of the bench's command`)
  const toolMs: number[] = []
  const productMs: number[] = []
  const rawMs: number[] = []
  for (let turn = 0; turn < CALLS / CALLS_A_TURN; turn += 1) {
    toolMs.push(...(await timesMs(CALLS_A_TURN, tool)))
    productMs.push(...(await timesMs(CALLS_A_TURN, product)))
    rawMs.push(...(await raw({ count: CALLS_A_TURN, inFlight: 1 })).latenciesMs)
  }
  progress(`${PARALLEL} tool calls at the same time, ${PARALLEL_ROUNDS} times`)
  const together = () => Promise.all(Array.from({ length: PARALLEL }, (_, n) => tool(n)))
  const parallelMs: number[] = []
  const rawParallelMs: number[] = []
  for (let round = 0; round < PARALLEL_ROUNDS; round += 1) {
    parallelMs.push(...(await timesMs(1, together)))
    rawParallelMs.push((await raw({ count: PARALLEL, inFlight: PARALLEL })).elapsedMs)
  }
  return {
    toolP50Ms: median(toolMs),
    productP50Ms: median(productMs),
    parallelMs: median(parallelMs),
    rawP50Ms: median(rawMs),
    rawParallelMs: median(rawParallelMs),
  }
}

export function agentLoopTable(figures: AgentLoopFigures): string {
  const { toolP50Ms, productP50Ms, parallelMs, rawP50Ms, rawParallelMs } = figures
  const ratio = (one: number, other: number) => `${(one / other).toFixed(2)} x`
  return [
    `a tool call       p50 ${toolP50Ms.toFixed(1)} ms, ${ratio(toolP50Ms, productP50Ms)} the bench's command (${productP50Ms.toFixed(1)} ms)`,
    `10 in parallel    ${parallelMs.toFixed(1)} ms, ${ratio(parallelMs, toolP50Ms)} one, ${ratio(parallelMs, rawParallelMs)} plain Temporal's ten`,
    `  plain Temporal  ${rawParallelMs.toFixed(1)} ms, ${ratio(rawParallelMs, rawP50Ms)} one (${rawP50Ms.toFixed(1)} ms): less is not to be had here`,
  ].join('\n')
}

export const agentLoopMeetsBars = ({ toolP50Ms, productP50Ms, parallelMs }: AgentLoopFigures): boolean =>
  toolP50Ms <= MAX_RATIO * productP50Ms && parallelMs < MAX_PARALLEL_RATIO * toolP50Ms
