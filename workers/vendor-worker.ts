/** The vendor side's Temporal worker: runs the `invokeCommand` workflows, and pushes to deployments without agents. */
import { Worker, type InjectedSinks, type NativeConnection } from '@temporalio/worker'
import { pushActivities, type PushDeps } from '../activities/push-command.js'
import type { InvocationSinks, Outcome } from '../protocol/invocation.js'
import { COMMANDS_QUEUE } from '../protocol/names.js'
import { WORKFLOW_BUNDLE_PATH } from './workflow-bundle.js'

export interface VendorWorkerOptions {
  readonly connection: NativeConnection
  readonly namespace: string
  /** Hears what each invocation came to, some milliseconds before Temporal shows it. */
  readonly onEnded?: (id: string, outcome: Outcome) => void
  /** What pushing takes. Default: it is left to other workers. */
  readonly push?: PushDeps | undefined
}

/** Those under way at once: most are a request of some milliseconds, those that are waited for a connection. */
const MAX_PUSHES = 1_000

export function createVendorWorker({
  connection,
  namespace,
  onEnded = () => undefined,
  push,
}: VendorWorkerOptions): Promise<Worker> {
  const sinks: InjectedSinks<InvocationSinks> = {
    invocation: { ended: { fn: ({ workflowId }, outcome) => onEnded(workflowId, outcome), callDuringReplay: false } },
  }
  return Worker.create({
    connection,
    namespace,
    taskQueue: COMMANDS_QUEUE,
    workflowBundle: { codePath: WORKFLOW_BUNDLE_PATH },
    sinks,
    ...(push === undefined
      ? {}
      : { activities: pushActivities(push), maxConcurrentActivityTaskExecutions: MAX_PUSHES }),
    // Workflows wait mostly; a cached one spares the replay of its history.
    maxCachedWorkflows: 2_000,
    // How long a workflow waits for the worker that has it cached, before another one takes it over.
    stickyQueueScheduleToStartTimeout: '2s',
    shutdownGraceTime: '5s',
    shutdownForceTime: '10s',
  })
}
