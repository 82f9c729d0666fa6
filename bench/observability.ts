/**
 * `npm run bench -- --observability`: what metrics, logs and traces cost a call. Four lanes take turns on one Temporal:
 *
 *   off              nothing is told
 *   off again        the same once more: what two lanes differ by that differ in nothing
 *   metrics, logs    the default log level, and Prometheus that asks both processes every 5 s
 *   traces           that, and every trace sent to a receiver of OTLP that decodes it
 */
import { Connection } from '@temporalio/client'
import proto from '@temporalio/proto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer } from '../temporal/dev-server.js'
import { eventually } from '../tests/support/eventually.js'
import type { Closers } from '../workers/closers.js'
import { startChild } from './child.js'
import { startLane, type Lane, type LaneSettings } from './observed-lane.js'
import type { CollectedSpans, CollectorReady } from './product/collector.js'
import { program } from './programs.js'
import {
  CALLS_A_TURN,
  compare,
  comparison,
  meetsBar,
  p50Of,
  takeTurns,
  TURNS,
  WARM_UP_CALLS,
  warmUpLanes,
  type Compared,
  type Turns,
} from './turns.js'

const { RegisterNamespaceRequest } = proto.temporal.api.workflowservice.v1

const SCRAPE_INTERVAL_MS = 5_000

const LOUD = { env: { ALIEN_LOG_LEVEL: 'info' }, hasMetrics: true }
const SILENT = { env: { ALIEN_LOG_LEVEL: 'silent' }, hasMetrics: false }

/** Of the p50 without. */
const BARS = { 'metrics, logs': 1.03, traces: 1.1 } as const

type LaneName = 'off again' | keyof typeof BARS

export interface ObservabilityFigures {
  readonly offP50Ms: number
  readonly offCpuMs: number
  readonly lanes: Readonly<Record<LaneName, LaneFigures>>
}

/** Compared with the lane `off`. */
interface LaneFigures extends Compared {
  /** Processor time of a call, of control plane and agent. It hardly depends on what else the machine does. */
  readonly cpuMs: number
}

export async function measureObservability(
  closers: Closers,
  progress: (message: string) => void,
): Promise<ObservabilityFigures> {
  progress('starting Temporal, a collector, and the product four times')
  const collector = await startChild<CollectorReady, object, CollectedSpans>(program('product/collector'))
  closers.add(collector.stop)
  const lanes = await startLanes(
    [
      { name: 'off', ...SILENT },
      { name: 'off again', ...SILENT },
      { name: 'metrics, logs', ...LOUD },
      {
        name: 'traces',
        ...LOUD,
        env: { ...LOUD.env, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.ready.url}/v1/traces` },
      },
    ],
    closers,
  )
  const times = await timesOf(lanes, progress)
  await assertTold(lanes, () => collector.ask({}))
  return figuresOf(times)
}

async function startLanes(settings: readonly LaneSettings[], closers: Closers): Promise<Map<string, Lane>> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-bench-'))
  closers.add(() => rm(folder, { recursive: true, force: true }))
  const { path } = await resolveTemporalBinary()
  const temporal = await startDevServer({ binaryPath: path })
  closers.add(temporal.stop)
  const { address } = temporal
  const connection = await Connection.connect({ address })
  closers.add(() => connection.close())
  const lanes = new Map<string, Lane>()
  for (const [index, one] of settings.entries()) {
    const namespace = `lane-${index}`
    await createNamespace(connection, namespace)
    lanes.set(one.name, await startLane(one, { address, namespace }, folder, closers))
  }
  return lanes
}

async function createNamespace({ workflowService }: Connection, namespace: string): Promise<void> {
  const workflowExecutionRetentionPeriod = { seconds: 86_400 }
  await workflowService.registerNamespace(
    RegisterNamespaceRequest.fromObject({ namespace, workflowExecutionRetentionPeriod }),
  )
  const known = () =>
    workflowService.listWorkflowExecutions({ namespace }).then(
      () => true,
      () => undefined,
    )
  await eventually(`Temporal knows the namespace ${namespace}`, known, 30_000)
}

interface Measured {
  readonly turns: ReadonlyMap<string, Turns>
  /** Processor time of a call, by lane. */
  readonly cpuMs: ReadonlyMap<string, number>
}

async function timesOf(lanes: ReadonlyMap<string, Lane>, progress: (message: string) => void): Promise<Measured> {
  const calls = [...lanes].map(([name, { client }]) => ({
    name,
    call: (n: number) => client.invoke('generate-report', { startDate: '2025-01-01', sequence: n }),
  }))
  const spentMs = () => Promise.all([...lanes].map(async ([name, lane]) => [name, await lane.cpuMs()] as const))
  progress('warming up')
  await warmUpLanes(calls)
  const prometheus = setInterval(() => {
    for (const lane of lanes.values()) void lane.scrape()
  }, SCRAPE_INTERVAL_MS)
  try {
    const before = new Map(await spentMs())
    const turns = await takeTurns(calls, progress)
    const perCall = (await spentMs()).map(
      ([name, ms]) => [name, (ms - (before.get(name) ?? 0)) / (TURNS * CALLS_A_TURN)] as const,
    )
    return { turns, cpuMs: new Map(perCall) }
  } finally {
    clearInterval(prometheus)
  }
}

/** @throws {Error} when a lane told less than it is there for, or one that is to be silent told anything */
async function assertTold(lanes: ReadonlyMap<string, Lane>, spans: () => Promise<CollectedSpans>): Promise<void> {
  const calls = WARM_UP_CALLS + TURNS * CALLS_A_TURN
  for (const [name, { scrape, log }] of lanes) {
    const isSilent = name.startsWith('off')
    const lines = (await log()).split('\n').filter((line) => line.includes('"msg":"invocation ended"')).length
    const counted = Number(/^alien_invocations_ended_total\{.*\} (\d+)$/m.exec(await scrape())?.[1] ?? 0)
    const expected = isSilent ? 0 : calls
    if (lines !== expected || counted !== expected) {
      throw new Error(`lane "${name}" logged ${lines} and counted ${counted} invocations instead of ${expected}`)
    }
  }
  await eventually('all spans are received', async () => {
    const of = await spans()
    const names = [
      'alien-server POST /v1/invocations',
      'alien-server invocation generate-report',
      'alien-agent run generate-report',
    ]
    return names.every((name) => of[name] === calls) ? true : undefined
  })
}

function figuresOf({ turns, cpuMs }: Measured): ObservabilityFigures {
  const off = turns.get('off') ?? []
  const figures = (name: LaneName): LaneFigures => ({
    ...compare(turns.get(name) ?? [], off),
    cpuMs: cpuMs.get(name) ?? 0,
  })
  return {
    offP50Ms: p50Of(off),
    offCpuMs: cpuMs.get('off') ?? 0,
    lanes: { 'off again': figures('off again'), 'metrics, logs': figures('metrics, logs'), traces: figures('traces') },
  }
}

export function observabilityTable({ offP50Ms, offCpuMs, lanes }: ObservabilityFigures): string {
  const line = (name: string, p50Ms: number, cpuMs: number) =>
    `${name.padEnd(15)} p50 ${p50Ms.toFixed(1)} ms, processor ${cpuMs.toFixed(1)} ms`
  const lines = Object.entries(lanes).map(([name, figures]) => {
    const bar = name in BARS ? BARS[name as keyof typeof BARS] : undefined
    return `${line(name, figures.p50Ms, figures.cpuMs)}: ${comparison(figures, 'off', bar)}`
  })
  return [line('off', offP50Ms, offCpuMs), ...lines].join('\n')
}

export const observabilityMeetsBars = ({ lanes }: ObservabilityFigures): boolean =>
  Object.entries(BARS).every(([name, bar]) => meetsBar(lanes[name as keyof typeof BARS], bar))
