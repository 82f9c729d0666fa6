/** What a run found, as JSON and as a table. */
import type { AgentFigures, OnceCheck } from './agent-checks.js'
import type { Environment } from './environment.js'
import type { IdleFigures } from './idle-check.js'
import { rounded, type Figures } from './statistics.js'
import { SYSTEM_NAMES, type SystemName } from './systems.js'

export interface SystemFigures {
  readonly sequential: Figures
  readonly inFlight16: Figures
  readonly inFlight64: Figures
}

export interface Ratios {
  readonly p50VsRaw: number
  readonly p50VsStock: number
  readonly throughput16VsRaw: number
  readonly p50GatewayVsDirect: number
}

export interface Report extends Record<SystemName, SystemFigures>, Environment {
  readonly ratios: Ratios
  readonly agent: AgentFigures
  readonly once: OnceCheck
  readonly idleAgents: IdleFigures
}

export const ratiosOf = ({ stock, raw, product, gateway }: Record<SystemName, SystemFigures>): Ratios => ({
  p50VsRaw: rounded(product.sequential.p50Ms / raw.sequential.p50Ms),
  p50VsStock: rounded(product.sequential.p50Ms / stock.sequential.p50Ms),
  throughput16VsRaw: rounded(product.inFlight16.perSecond / raw.inFlight16.perSecond),
  p50GatewayVsDirect: rounded(gateway.sequential.p50Ms / product.sequential.p50Ms),
})

/** Markdown, so that it can be pasted where it is kept. */
export const table = (report: Report): string =>
  [markdown(speedRows(report)), '', markdown(barRows(report)), '', environmentLine(report)].join('\n')

const LOADS = [
  ['sequential', 'sequential'],
  ['16 in flight', 'inFlight16'],
  ['64 in flight', 'inFlight64'],
] as const

const speedRows = (report: Report): string[][] => [
  ['load', 'system', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms', 'per second', 'calls'],
  ...LOADS.flatMap(([title, key]) =>
    SYSTEM_NAMES.map((name) => {
      const { p50Ms, p90Ms, p99Ms, maxMs, perSecond, calls } = report[name][key]
      return [title, name, ...[p50Ms, p90Ms, p99Ms, maxMs, perSecond].map((value) => value.toFixed(1)), String(calls)]
    }),
  ),
]

function barRows({ ratios, agent, once, idleAgents }: Report): string[][] {
  const bar = (what: string, value: number, comparison: '<=' | '>=' | '<', limit: number, unit = ''): string[] => {
    const met = comparison === '>=' ? value >= limit : comparison === '<=' ? value <= limit : value < limit
    return [what, `${value}${unit}`, `${comparison} ${limit}${unit}`, met ? 'met' : 'missed']
  }
  const invocations = `${once.invocations} invocations at ${once.inFlight} in flight`
  return [
    ['bar', 'measured', 'limit', ''],
    bar('product p50 / raw p50, sequential', ratios.p50VsRaw, '<=', 1.35),
    bar('product p50 / stock p50, sequential', ratios.p50VsStock, '<=', 0.45),
    bar('product / raw throughput, 16 in flight', ratios.throughput16VsRaw, '>=', 0.85),
    bar('gateway p50 / product p50, sequential', ratios.p50GatewayVsDirect, '<=', 1.2),
    bar(`agent resident after ${agent.afterCommands} commands`, agent.residentMb, '<', 250, ' MB'),
    bar('agent start to first command served', agent.firstCommandMs, '<', 3_000, ' ms'),
    bar(`control plane resident with ${idleAgents.count} idle agents`, idleAgents.rssMb, '<', 300, ' MB'),
    bar('its share of one core', idleAgents.cpuPercent, '<', 5, ' %'),
    ['a bare grpc-js proxy of as many polls', `${idleAgents.bareProxyCpuPercent} %`, '', ''],
    bar('p50 beside them / p50 before', rounded(idleAgents.p50Ms / idleAgents.unloadedP50Ms), '<=', 1.5),
    [invocations, once.violation ?? 'results right, none twice', 'right, once', once.violation ? 'missed' : 'met'],
  ]
}

const environmentLine = ({ commit, date, machine, versions }: Report): string =>
  `Commit ${commit}, ${date}; ${machine.cores} × ${machine.cpu}, load average ${machine.loadAverage} at the start; ` +
  `node ${versions.node}, Temporal SDK ${versions.temporalSdk}, ${versions.temporalServer}.`

function markdown([head = [], ...body]: readonly string[][]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...body].map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')
}
