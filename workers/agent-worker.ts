/** The customer side's Temporal worker: one activity for each command, on the deployment's own queue. */
import { Worker, type NativeConnection } from '@temporalio/worker'
import { attemptTimesInterceptor } from '../activities/attempt-times.js'
import { commandActivities, commandActivity, type AttemptDeps, type OpenEvents } from '../activities/run-command.js'
import { NO_STAND_IN, type OpenStandIn } from '../activities/stand-in.js'
import type { Journal } from '../execution/journal/journal.js'
import type { PolicyGate } from '../execution/policy-gate.js'
import { pingDefinition } from '../execution/ping.js'
import { Runs } from '../execution/runs.js'
import { MAX_WAITING, Turns } from '../execution/turns.js'
import type { AgentLimits, AgentSession } from '../protocol/agent-session.js'
import { NO_METRICS, type Metrics } from '../observability/metrics.js'
import { PING_COMMAND } from '../protocol/ping.js'
import type { CommandRegistry } from '../sdk/registry.js'
import { DEFAULT_GRACE_MS } from './grace.js'
import { runWorker } from './run-worker.js'
import type { Logger } from './logger.js'
import { VERSION } from './version.js'

export interface AgentWorker {
  /** Settles when the worker stopped after `signal` aborted; rejects when it failed. */
  readonly done: Promise<void>
}

/** One that can give way to another of the same process. */
export interface ReplaceableWorker extends AgentWorker {
  /**
   * Polls no more. Attempts that are not reported within the grace time are given back; their handlers go on, and the
   * next attempt finds them in `runs`.
   */
  readonly retire: () => void
}

/** Enough for a queue of one deployment; each idle poll costs the vendor's side an open stream. */
const POLLS = 2

/** How many to hold: more than the control plane allows would be refused for as long as the agent runs. */
export const pollsWithin = ({ polls }: Pick<AgentLimits, 'polls'>): number => Math.min(POLLS, polls)

/** Handlers that run at once; the rest waits in the queue, where another agent may take it. Those that wait their turn count as well. */
export const MAX_CONCURRENT_COMMANDS = 100 + MAX_WAITING

export interface AgentWorkerOptions {
  readonly registry: CommandRegistry
  readonly session: AgentSession
  readonly connection: NativeConnection
  readonly gate: PolicyGate
  readonly journal: Journal
  readonly openEvents: OpenEvents
  /** Default: nobody heartbeats while a handler holds this thread. */
  readonly openStandIn?: OpenStandIn | undefined
  readonly log: Logger
  /** How long running handlers may go on once the worker is asked to stop. Default: 10 s. */
  readonly graceMs?: number | undefined
  /** Default: nobody counts. */
  readonly metrics?: Metrics | undefined
  /** Asks the worker to stop. */
  readonly signal: AbortSignal
}

/** Time for handlers to notice that the grace time is over, and for their attempts to be given back. */
const GIVING_BACK_MS = 5_000

/** Closes `connection` and `journal` in the end. */
export async function startAgentWorker(options: AgentWorkerOptions): Promise<AgentWorker> {
  const { journal, graceMs, signal } = options
  const shared = sharedByWorkers()
  const end = endOfRuns({ ...shared, journal, graceMs, signal })
  const worker = await startReplaceableWorker({ ...options, ...shared }).catch((error: unknown) => {
    journal.close()
    throw error
  })
  return { done: worker.done.finally(end) }
}

/** What the workers of one process, each in the place of the one before, have in common. */
export interface SharedByWorkers {
  readonly runs: Runs
  readonly turns: Turns
}

export const sharedByWorkers = (): SharedByWorkers => ({ runs: new Runs(), turns: new Turns() })

/** To be called when no worker is left: what their handlers come to is still for the journal. */
export function endOfRuns({
  runs,
  journal,
  graceMs = DEFAULT_GRACE_MS,
  signal,
}: Pick<AgentWorkerOptions, 'journal' | 'graceMs' | 'signal'> & Pick<SharedByWorkers, 'runs'>): () => Promise<void> {
  let graceEndsAtMs = Infinity
  signal.addEventListener('abort', () => (graceEndsAtMs = Date.now() + graceMs), { once: true })
  return async () => {
    await runs.drain(Math.min(Math.max(graceEndsAtMs - Date.now(), 0), graceMs))
    journal.close()
  }
}

/** Closes `connection` in the end. */
export async function startReplaceableWorker({
  registry,
  session,
  connection,
  gate,
  journal,
  runs,
  turns,
  openEvents,
  openStandIn = NO_STAND_IN,
  log,
  graceMs = DEFAULT_GRACE_MS,
  metrics = NO_METRICS,
  signal,
}: AgentWorkerOptions & SharedByWorkers): Promise<ReplaceableWorker> {
  const { namespace, taskQueue, limits } = session
  const retired = new AbortController()
  const attemptDeps: AttemptDeps = {
    log: (fields) => handlerLog(log, fields),
    gate,
    journal,
    openEvents,
    openStandIn,
    runs,
    turns,
    isRetired: () => retired.signal.aborted && !signal.aborted,
    metrics,
    maxResultBytes: limits.maxResultBytes,
  }
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    activities: {
      ...commandActivities(registry, attemptDeps),
      [PING_COMMAND]: commandActivity(pingDefinition('agent', VERSION, registry), attemptDeps),
    },
    interceptors: { activity: [attemptTimesInterceptor] },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: pollsWithin(limits) },
    maxConcurrentActivityTaskExecutions: MAX_CONCURRENT_COMMANDS,
    // A cancel reaches the handler with the answer to a heartbeat; the default would keep them 30 s apart.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: graceMs,
    shutdownForceTime: graceMs + GIVING_BACK_MS,
  }).catch(async (error: unknown) => {
    await connection.close()
    throw error
  })
  const done = runWorker(worker, AbortSignal.any([signal, retired.signal])).then(async (end) => {
    if (end === 'drained') await connection.close()
    else log.warn('stopped while handlers were still running; they will be delivered again')
  })
  return { done, retire: () => retired.abort() }
}

function handlerLog(log: Logger, fields: Record<string, unknown>) {
  const child = log.child(fields)
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, more?: Record<string, unknown>) =>
    child[level](more ?? {}, message)
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
