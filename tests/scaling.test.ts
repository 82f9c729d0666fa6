/** The arithmetic of docs/scaling.md, from the figures in bench/README.md. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { expectTable } from './support/doc-tables.js'

const PAGE = 'docs/scaling.md'

const bench = await readFile('bench/README.md', 'utf8')

/** The first group of what the bench says. */
function figure(what: RegExp): number {
  const [, text] = what.exec(bench) ?? []
  if (text === undefined) throw new Error(`bench/README.md does not say ${String(what)}`)
  return Number(text)
}

const IDLE_AGENTS = 500
const measured = {
  temporalMs: figure(/^Temporal +([\d.]+) ms of a core/m),
  oursMs: figure(/^control plane +([\d.]+) ms of a core/m),
  idleCpuPercent: figure(/^500 idle agents +([\d.]+) % of a core/m),
  idleMb: figure(/^500 idle agents .* ([\d.]+) MB resident/m),
}

/** How full pods should be. */
const LOAD = 0.6
const POLLS = 2
const POLL_SECONDS = 60
const CALLS = 8
const WRITES = 6
const WRITE_SECONDS = 0.005
const SHARD_LOAD = 0.5
const GROWTH = 4
const CORES_OF_A_POD = 2
const AGENTS_OF_A_POD = 2_000
/** Calls that a frontend is given here, below its default limit of 2,400 in a namespace. */
const CALLS_OF_A_FRONTEND = 2_000

interface Size {
  readonly agents: number
  readonly invocations: number
}

const SIZES: readonly Size[] = [
  { agents: 100, invocations: 10 },
  { agents: 1_000, invocations: 100 },
  { agents: 10_000, invocations: 1_000 },
]

function needsOf({ agents, invocations }: Size) {
  const temporalCores = (invocations * measured.temporalMs) / 1_000 / LOAD
  const idleCores = (agents / IDLE_AGENTS) * (measured.idleCpuPercent / 100)
  const ourCores = ((invocations * measured.oursMs) / 1_000 + idleCores) / LOAD
  const controlPlanes = Math.max(2, Math.ceil(ourCores / CORES_OF_A_POD), Math.ceil(agents / AGENTS_OF_A_POD))
  const agentsOfOne = agents / (controlPlanes - 1)
  const polls = agents * POLLS
  const calls = invocations * CALLS + polls / POLL_SECONDS
  const busyShards = (invocations * WRITES * WRITE_SECONDS) / SHARD_LOAD
  return {
    temporalCores: Math.ceil(temporalCores),
    ourCores: Math.ceil(ourCores),
    controlPlanes,
    memoryMb: Math.ceil(measured.idleMb * Math.max(1, agentsOfOne / IDLE_AGENTS)),
    polls,
    calls: Math.ceil(calls),
    shards: GROWTH * Math.max(64, 2 ** Math.ceil(Math.log2(busyShards))),
    frontends: Math.max(2, Math.ceil(calls / CALLS_OF_A_FRONTEND)),
  }
}

const text = (value: number) => value.toLocaleString('en-US')
const rows = SIZES.map((size) => ({ ...size, ...needsOf(size) }))
type Key = keyof (typeof rows)[number]
const sizeNames = SIZES.map(({ agents, invocations }) => `${text(agents)} agents, ${text(invocations)}/s`)

test('what was measured is what the bench says', async () => {
  await expectTable(
    PAGE,
    'measured',
    ['measured', 'figure', 'how'],
    [
      ['an invocation, at Temporal', `${measured.temporalMs} ms of a core`, 'processor time of its development server'],
      [
        'an invocation, at ours',
        `${measured.oursMs} ms of a core`,
        'of a control plane, with the vendor worker that is in it',
      ],
      ['500 idle agents, processor', `${measured.idleCpuPercent} % of a core`, 'of the control plane'],
      ['500 idle agents, memory', `${measured.idleMb} MB`, 'of the control plane, with all that it is'],
    ],
  )
})

test('the needs of three sizes', async () => {
  const lines: readonly [string, Key][] = [
    ['cores of Temporal', 'temporalCores'],
    ['cores of ours', 'ourCores'],
    ['control planes, 2 cores each', 'controlPlanes'],
    ['memory of each, MB', 'memoryMb'],
    ['held polls', 'polls'],
    ['calls a second at Temporal', 'calls'],
    ['shards', 'shards'],
    ['frontends of Temporal', 'frontends'],
  ]
  const table = lines.map(([name, key]) => [name, ...rows.map((row) => text(row[key]))])
  await expectTable(PAGE, 'sizes', ['', ...sizeNames], table)
})

/** As they come, in Temporal 1.32's `common/dynamicconfig/constants.go`. */
const DEFAULTS = {
  'frontend.namespaceCount': 1_200,
  'frontend.namespaceRPS': 2_400,
  'frontend.rps': 2_400,
  'matching.rps': 1_200,
  'history.rps': 3_000,
} as const

/** Twice what is needed of one instance, since one may go; never below the default. */
function settingOf(
  key: keyof typeof DEFAULTS,
  { polls, calls, invocations, frontends }: (typeof rows)[number],
): number {
  const needed = {
    'frontend.namespaceCount': polls / frontends,
    'frontend.namespaceRPS': calls / frontends,
    'frontend.rps': calls / frontends,
    // As many matching and history services as frontends. Matching: three tasks are added and polled for, and idle polls.
    'matching.rps': (invocations * 6 + polls / POLL_SECONDS) / frontends,
    // Each call of a workflow, and the records of tasks started.
    'history.rps': (invocations * 12) / frontends,
  }[key]
  return Math.max(DEFAULTS[key], Math.ceil((needed * 2) / 100) * 100)
}

test('the settings of three sizes', async () => {
  const keys = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]
  const table = keys.map((key) => [`\`${key}\``, text(DEFAULTS[key]), ...rows.map((row) => text(settingOf(key, row)))])
  await expectTable(PAGE, 'settings', ['setting', 'as it comes', ...sizeNames], table)
})

test('more of everything needs more of everything', () => {
  const [small, , great] = rows
  for (const key of ['temporalCores', 'controlPlanes', 'polls', 'calls'] as const) {
    expect(great?.[key], key).toBeGreaterThan(small?.[key] ?? Infinity)
  }
})
