/**
 * `npm run bench -- --cancel`: how long a cancel takes to reach a handler, and whether what the caller is told of it is
 * what the handler left in its file.
 */
import { CommandsClient } from '@alienplatform/sdk/commands'
import type { CancelVerdict } from '../protocol/cancel.js'
import type { DevState } from '../protocol/dev-state.js'
import type { InvocationStatus } from '../protocol/invocation.js'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../tests/support/eventually.js'
import type { Closers } from '../workers/closers.js'
import { startChild } from './child.js'
import { inLanes } from './lanes.js'
import { program } from './programs.js'
import { percentile } from './statistics.js'

export interface CancelFigures {
  readonly trials: number
  /** From the call of `cancel` to the handler's signal, by the clock that both sides share. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly races: number
  readonly verdicts: Readonly<Partial<Record<CancelVerdict, number>>>
  /** Verdicts that the file contradicts, in words. */
  readonly wrong: readonly string[]
}

export interface CancelLoad {
  readonly trials: number
  readonly races: number
}

const TRIALS_IN_FLIGHT = 4
const RACES_IN_FLIGHT = 10
/** Two heartbeats: a cancel may come at any moment between them. */
const LATEST_CANCEL_MS = 1_000
/** Long enough for some handlers to be stopped, short enough for some to be done first. */
const LONGEST_RACE_MS = 1_500
const LONG_MS = 600_000

export async function measureCancel(
  { trials, races }: CancelLoad,
  closers: Closers,
  progress: (message: string) => void,
): Promise<CancelFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-bench-'))
  closers.add(() => rm(folder, { recursive: true, force: true }))
  progress('starting the product')
  const stack = await startChild<DevState>(program('product/stack'))
  closers.add(stack.stop)
  const { url, token, deployments } = stack.ready
  const client = new CommandsClient({ deploymentId: deployments[0]?.id ?? '', token, url })
  const fileOf = (index: number): string => join(folder, String(index))

  progress(`${trials} cancels of running handlers, ${TRIALS_IN_FLIGHT} at a time`)
  const latenciesMs = await inLanes(trials, TRIALS_IN_FLIGHT, (index) => signalMs(client, fileOf(index)))
  progress(`${races} races of cancel and result, ${RACES_IN_FLIGHT} at a time`)
  const ends = await inLanes(races, RACES_IN_FLIGHT, (index) => race(client, fileOf(trials + index)))
  const sorted = latenciesMs.sort((a, b) => a - b)
  const verdicts: Partial<Record<CancelVerdict, number>> = {}
  for (const { verdict } of ends) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
  return {
    trials,
    p50Ms: percentile(sorted, 50),
    p99Ms: percentile(sorted, 99),
    maxMs: percentile(sorted, 100),
    races,
    verdicts,
    wrong: ends.filter((end) => !isTrue(end)).map((end) => JSON.stringify(end)),
  }
}

/** @throws {Error} when the handler did not hear of it */
async function signalMs(client: CommandsClient, file: string): Promise<number> {
  const handle = await client.start('wait', { file, ms: LONG_MS })
  await eventually('the handler starts', async () => (await linesOf(file))[0])
  await delay(Math.random() * LATEST_CANCEL_MS)
  const calledAtMs = Date.now()
  const verdict = await handle.cancel()
  const [, signaled = ''] = await linesOf(file)
  if (verdict !== 'stopped' || !signaled.startsWith('signaled ')) {
    throw new Error(
      `a handler that stops at its signal was canceled with the verdict ${verdict}, and left "${signaled}"`,
    )
  }
  return Number(signaled.slice('signaled '.length)) - calledAtMs
}

interface RaceEnd {
  readonly verdict: CancelVerdict
  readonly status: InvocationStatus
  readonly lines: readonly string[]
}

async function race(client: CommandsClient, file: string): Promise<RaceEnd> {
  const handle = await client.start('wait', { file, ms: Math.random() * LONGEST_RACE_MS })
  await delay(Math.random() * LATEST_CANCEL_MS)
  const verdict = await handle.cancel()
  const { status } = await handle.describe()
  return { verdict, status, lines: (await linesOf(file)).map((line) => line.split(' ')[0] ?? '') }
}

const isTrue = ({ verdict, status, lines }: RaceEnd): boolean => {
  const seen = [status, ...lines].join(' ')
  if (verdict === 'finished_first') return seen === 'succeeded entered finished'
  // The signal may have come before the handler was entered, and the handler was not.
  if (verdict === 'stopped') return seen === 'canceled entered signaled' || seen === 'canceled'
  return verdict === 'not_started' && seen === 'canceled'
}

const linesOf = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')

const MAX_P99_MS = 1_000

export const cancelMeetsBars = ({ p99Ms, wrong }: CancelFigures): boolean => p99Ms <= MAX_P99_MS && wrong.length === 0

export function cancelTable({ trials, p50Ms, p99Ms, maxMs, races, verdicts, wrong }: CancelFigures): string {
  const told = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`)
  return [
    `cancel to signal, ${trials} trials: p50 ${p50Ms} ms, p99 ${p99Ms} ms (bar ${MAX_P99_MS}), max ${maxMs} ms`,
    `cancel against result, ${races} races: ${told.join(', ')}; ${wrong.length} wrong verdicts (bar 0)`,
    ...wrong.map((end) => `WRONG  ${end}`),
  ].join('\n')
}
