/** The vendor side's Temporal worker: runs the `invokeCommand` workflows. */
import { Worker, type InjectedSinks, type NativeConnection } from '@temporalio/worker'
import type { InvocationSinks, Outcome } from '../protocol/invocation.js'
import { COMMANDS_QUEUE } from '../protocol/names.js'
import { WORKFLOW_BUNDLE_PATH } from './workflow-bundle.js'

export interface VendorWorkerOptions {
  readonly connection: NativeConnection
  readonly namespace: string
  /** Hears what each invocation came to, some milliseconds before Temporal shows it. */
  readonly onEnded?: (id: string, outcome: Outcome) => void
}

export function createVendorWorker({
  connection,
  namespace,
  onEnded = () => undefined,
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
    // Workflows wait mostly; a cached one spares the replay of its history.
    maxCachedWorkflows: 2_000,
    // How long a workflow waits for the worker that has it cached, before another one takes it over.
    stickyQueueScheduleToStartTimeout: '2s',
    shutdownGraceTime: '5s',
    shutdownForceTime: '10s',
  })
}
