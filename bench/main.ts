/** `npm run bench`: raw Temporal and the product side by side on one machine. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Command } from 'commander'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { Closers } from '../workers/closers.js'
import { checkOnce, measureAgent } from './agent-checks.js'
import { agentLoopMeetsBars, agentLoopTable, measureAgentLoop } from './agent-loop.js'
import { bindingsMeetBars, bindingsTable, measureBindings } from './bindings.js'
import { cancelMeetsBars, cancelTable, measureCancel } from './cancel.js'
import { costTable, measureCost } from './cost.js'
import { describeEnvironment } from './environment.js'
import { measureIdleAgents } from './idle-check.js'
import { journalMeetsBar, journalTable, measureJournal } from './journal.js'
import { measureObservability, observabilityMeetsBars, observabilityTable } from './observability.js'
import { ratiosOf, table, type Report, type SystemFigures } from './report.js'
import { runPhase, warmUp, type Phase } from './rounds.js'
import { startSystems, type SystemName } from './systems.js'
import { lambdaZipMeetsBars, lambdaZipTable, measureLambdaZip } from './lambda-zip.js'
import { measureTransports, transportsMeetBars, transportsTable } from './transports.js'

interface Flags {
  readonly json: string
  readonly quick?: true
  readonly bindings?: true
  readonly agentLoop?: true
  readonly cancel?: true
  readonly cost?: true
  readonly journal?: true
  readonly transports?: true
  readonly observability?: true
}

/** How much of everything. A block is long enough for its lanes to be full most of the time. */
interface Plan {
  readonly phases: Readonly<Record<keyof SystemFigures, Phase>>
  readonly onceInvocations: number
  readonly agentStarts: number
  readonly idleAgents: number
}

const FULL: Plan = {
  phases: {
    sequential: { load: { count: 20, inFlight: 1 }, budgetMs: 60_000 },
    inFlight16: { load: { count: 96, inFlight: 16 }, budgetMs: 90_000 },
    inFlight64: { load: { count: 192, inFlight: 64 }, budgetMs: 60_000 },
  },
  onceInvocations: 1_000,
  agentStarts: 3,
  idleAgents: 500,
}

/** About two minutes on two idle cores, one of which the idle agents wait for their polls to be renewed. */
const QUICK: Plan = {
  phases: {
    sequential: { load: { count: 20, inFlight: 1 }, budgetMs: 10_000 },
    inFlight16: { load: { count: 64, inFlight: 16 }, budgetMs: 5_000 },
    inFlight64: { load: { count: 64, inFlight: 64 }, budgetMs: 1_000 },
  },
  onceInvocations: 128,
  agentStarts: 1,
  idleAgents: 100,
}

const ONCE_IN_FLIGHT = 32

const EXAMPLES = `
Exits with 1 when an invocation's result is wrong or an invocation ran twice; with --bindings, --agent-loop, --cancel, --transports or --observability, when a bar is missed.

Examples:
  $ npm run bench
  $ npm run bench -- --quick --json /tmp/bench.json`

const {
  json,
  quick = false,
  bindings = false,
  agentLoop = false,
  cancel = false,
  cost = false,
  journal = false,
  transports = false,
  observability = false,
} = new Command('npm run bench --')
  .description(
    'measures raw Temporal on stock settings, raw Temporal on our settings, and the product with and without its gateway, in turns',
  )
  .option('--json <file>', 'where to write the figures', 'bench/results/latest.json')
  .option('--quick', 'about 2 minutes, with fewer calls')
  .option('--bindings', 'storage and vault only, beside the file system; needs no Temporal')
  .option('--agent-loop', "an AI agent's tool calls only, beside the bench's own command")
  .option('--cancel', 'cancels only: how soon handlers hear of them, and whether verdicts are true')
  .option('--cost', 'processor time of an invocation only, of Temporal and of a control plane')
  .option('--journal', "what an agent's journal costs a call only; about 4 minutes")
  .option('--transports', 'pushed commands only, beside pulled ones; installs the servers that stand for the clouds')
  .option('--observability', 'what metrics, logs and traces cost a call only; about 6 minutes')
  .addHelpText('after', EXAMPLES)
  .parse()
  .opts<Flags>()

const progress = (message: string): void => console.error(`bench: ${message}`)

const closers = new Closers()
// A second one ends it the hard way; the servers then notice by themselves.
process.once('SIGINT', () => void closers.close().then(() => process.exit(130)))
try {
  if (bindings) await reportBindings()
  else if (agentLoop) await reportAgentLoop()
  else if (cancel) await reportCancel()
  else if (cost) console.log(costTable(await measureCost(closers, progress)))
  else if (journal) await reportJournal()
  else if (transports) await reportTransports()
  else if (observability) await reportObservability()
  else await reportInvocations()
} finally {
  await closers.close()
}

async function reportBindings(): Promise<void> {
  const figures = await measureBindings(progress)
  console.log(bindingsTable(figures))
  if (!bindingsMeetBars(figures)) process.exitCode = 1
}

async function reportAgentLoop(): Promise<void> {
  const figures = await measureAgentLoop(closers, progress)
  console.log(agentLoopTable(figures))
  if (!agentLoopMeetsBars(figures)) process.exitCode = 1
}

async function reportCancel(): Promise<void> {
  const figures = await measureCancel({ trials: 200, races: 500 }, closers, progress)
  console.log(cancelTable(figures))
  if (!cancelMeetsBars(figures)) process.exitCode = 1
}

async function reportJournal(): Promise<void> {
  const figures = await measureJournal(closers, progress)
  console.log(journalTable(figures))
  if (!journalMeetsBar(figures)) process.exitCode = 1
}

async function reportTransports(): Promise<void> {
  const zip = await measureLambdaZip()
  console.log(lambdaZipTable(zip))
  const figures = await measureTransports(closers, progress)
  console.log(transportsTable(figures))
  if (!lambdaZipMeetsBars(zip) || !transportsMeetBars(figures)) process.exitCode = 1
}

async function reportObservability(): Promise<void> {
  const figures = await measureObservability(closers, progress)
  console.log(observabilityTable(figures))
  if (!observabilityMeetsBars(figures)) process.exitCode = 1
}

async function reportInvocations(): Promise<void> {
  const report = await measure(quick ? QUICK : FULL)
  const file = resolve(json)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`)
  progress(`figures are in ${file}`)
  console.log(table(report))
  if (report.once.violation !== null) process.exitCode = 1
}

async function measure({ phases, onceInvocations, agentStarts, idleAgents: idleCount }: Plan): Promise<Report> {
  const binary = await resolveTemporalBinary({ onProgress: progress })
  const environment = await describeEnvironment(binary.path)
  progress('starting two Temporal servers, two raw systems and the product')
  const systems = await startSystems(binary.path, closers)
  progress('warming up')
  await warmUp(systems)
  const sequential = await runPhase(systems, phases.sequential, report('sequential'))
  const inFlight16 = await runPhase(systems, phases.inFlight16, report('16 in flight'))
  const inFlight64 = await runPhase(systems, phases.inFlight64, report('64 in flight'))
  progress(`${onceInvocations} invocations at ${ONCE_IN_FLIGHT} in flight, each to be run once`)
  const once = await checkOnce(systems, { count: onceInvocations, inFlight: ONCE_IN_FLIGHT })
  progress('memory and start of the agent')
  const agent = await measureAgent(systems, agentStarts)
  progress(`${idleCount} idle agents`)
  const { state, stockAddress } = systems
  const idleAgents = await measureIdleAgents({ address: state.temporalAddress, stockAddress }, idleCount, closers)
  const of = (name: SystemName): SystemFigures => ({
    sequential: sequential[name],
    inFlight16: inFlight16[name],
    inFlight64: inFlight64[name],
  })
  const figures = { stock: of('stock'), raw: of('raw'), product: of('product'), gateway: of('gateway') }
  return { ...environment, ...figures, ratios: ratiosOf(figures), agent, once, idleAgents }
}

function report(phase: string): (round: number) => void {
  return (round) => progress(`${phase}, round ${round}`)
}
