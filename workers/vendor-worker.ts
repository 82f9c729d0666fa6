/** The vendor side's Temporal worker: runs the `invokeCommand` workflows, and pushes to deployments without agents. */
import { Client } from '@temporalio/client'
import { Worker, type InjectedSinks, type NativeConnection } from '@temporalio/worker'
import { pushActivities, type PushDeps } from '../activities/push-command.js'
import { NO_METRICS, type Metrics } from '../observability/metrics.js'
import { invocationAttributes, spanOf } from '../observability/tracing.js'
import { traceIdOf } from '../protocol/trace-context.js'
import type { InvocationSinks, InvocationSummary, Outcome } from '../protocol/invocation.js'
import { COMMANDS_QUEUE } from '../protocol/names.js'
import type { Logger } from './logger.js'
import { WORKFLOW_BUNDLE_PATH } from './workflow-bundle.js'

/** An invocation that has its outcome, some milliseconds before Temporal shows it. */
interface EndedInvocation {
  readonly id: string
  /** Of its workflow. */
  readonly runId: string
  readonly outcome: Outcome
  readonly summary: InvocationSummary
}

export interface VendorWorkerOptions {
  readonly connection: NativeConnection
  readonly namespace: string
  /** Hears what each invocation came to. */
  readonly onEnded?: (ended: EndedInvocation) => void
  /** What pushing takes. Default: it is left to other workers. */
  readonly push?: PushDeps | undefined
  /** Gets a line for each invocation that ended. */
  readonly log: Logger
  /** Default: nobody counts. */
  readonly metrics?: Metrics | undefined
}

/** Those under way at once: most are a request of some milliseconds, those that are waited for a connection. */
const MAX_PUSHES = 1_000

export function createVendorWorker({
  connection,
  namespace,
  onEnded = () => undefined,
  push,
  log,
  metrics = NO_METRICS,
}: VendorWorkerOptions): Promise<Worker> {
  const sinks: InjectedSinks<InvocationSinks> = {
    invocation: {
      ended: {
        fn: ({ workflowId, runId }, outcome, summary) => {
          const ended = { id: workflowId, runId, outcome, summary }
          // Somebody may be waiting for it.
          onEnded(ended)
          logEnded(log, ended)
          countEnded(metrics, ended)
          traceEnded(ended)
        },
        callDuringReplay: false,
      },
    },
  }
  return Worker.create({
    connection,
    namespace,
    taskQueue: COMMANDS_QUEUE,
    workflowBundle: { codePath: WORKFLOW_BUNDLE_PATH },
    sinks,
    ...(push === undefined
      ? {}
      : {
          activities: pushActivities(push, new Client({ connection, namespace })),
          maxConcurrentActivityTaskExecutions: MAX_PUSHES,
        }),
    // A cached one spares the replay of its history, which is short; it takes some 200 KB, most of it of Temporal's core.
    maxCachedWorkflows: 100,
    // How long a workflow waits for the worker that has it cached, before another one takes it over.
    stickyQueueScheduleToStartTimeout: '2s',
    shutdownGraceTime: '5s',
    shutdownForceTime: '10s',
  })
}

/** The one line of an invocation. What it was called with, and what it came to, is its caller's. */
function logEnded(log: Logger, { id, runId, outcome, summary }: EndedInvocation): void {
  const { deployment, trace, ...rest } = summary
  const fields = {
    invocationId: id,
    runId,
    deployment: deployment.name,
    deploymentId: deployment.id,
    ...rest,
    ...(trace === undefined ? {} : { traceId: traceIdOf(trace) }),
  }
  const level = outcome.error?.code === 'internal' ? 'error' : 'info'
  log[level]({ ...fields, outcome: nameOf(outcome) }, 'invocation ended')
}

function countEnded(metrics: Metrics, { outcome, summary: { command, transport, durationMs } }: EndedInvocation): void {
  metrics.invocationsEnded.add(1, { command, outcome: nameOf(outcome), transport })
  metrics.invocationSeconds.record(durationMs / 1_000, { command })
}

function traceEnded({ id, outcome, summary }: EndedInvocation): void {
  const { command, deployment, transport, attempts, durationMs, trace } = summary
  if (trace === undefined) return
  const attributes = {
    ...invocationAttributes(id, command, deployment),
    'alien.transport': transport,
    'alien.attempts': attempts,
    'alien.outcome': nameOf(outcome),
  }
  spanOf(`invocation ${command}`, { attributes, durationMs, isFailure: outcome.error !== undefined }, trace)
}

/** `succeeded`, or a code of the error table. */
const nameOf = ({ status, error }: Outcome): string => error?.code ?? status
