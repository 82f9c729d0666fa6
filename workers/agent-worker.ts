/** The customer side's Temporal worker: one activity for each command, on the deployment's own queue. */
import { Worker, type NativeConnection } from '@temporalio/worker'
import { commandActivities, type AgentDeps } from '../activities/run-command.js'
import type { AgentSession } from '../protocol/agent-session.js'
import type { CommandRegistry } from '../sdk/registry.js'
import { runWorker } from './run-worker.js'
import type { Logger } from './logger.js'

export interface AgentWorker {
  /** Settles when the worker stopped after `signal` aborted; rejects when it failed. */
  readonly done: Promise<void>
}

/** Enough for a queue of one deployment; each idle poll costs the vendor's side an open stream. */
const POLLS = 2

/** Handlers that run at once; the rest waits in the queue, where another agent may take it. */
const MAX_CONCURRENT_COMMANDS = 100

/** Closes `connection` in the end. */
export async function startAgentWorker(
  registry: CommandRegistry,
  session: AgentSession,
  connection: NativeConnection,
  log: Logger,
  signal: AbortSignal,
  deps: Omit<AgentDeps, 'log'>,
): Promise<AgentWorker> {
  const worker = await Worker.create({
    connection,
    namespace: session.namespace,
    taskQueue: session.taskQueue,
    activities: commandActivities(registry, { ...deps, log: (fields) => handlerLog(log, fields) }),
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: POLLS },
    maxConcurrentActivityTaskExecutions: MAX_CONCURRENT_COMMANDS,
    // A cancel reaches the handler with the answer to a heartbeat; the default would keep them 30 s apart.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: '10s',
    shutdownForceTime: '15s',
  }).catch(async (error: unknown) => {
    await connection.close()
    throw error
  })
  const done = runWorker(worker, signal).then(async (end) => {
    if (end === 'drained') await connection.close()
    else log.warn('stopped while handlers were still running; they will be delivered again')
  })
  return { done }
}

function handlerLog(log: Logger, fields: Record<string, unknown>) {
  const child = log.child(fields)
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, more?: Record<string, unknown>) =>
    child[level](more ?? {}, message)
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
