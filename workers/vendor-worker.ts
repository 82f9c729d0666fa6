/** The vendor side's Temporal worker: runs the `invokeCommand` workflows. */
import { Worker, type NativeConnection } from '@temporalio/worker'
import { COMMANDS_QUEUE } from '../protocol/names.js'
import { WORKFLOW_BUNDLE_PATH } from './workflow-bundle.js'

export function createVendorWorker(connection: NativeConnection, namespace: string): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    taskQueue: COMMANDS_QUEUE,
    workflowBundle: { codePath: WORKFLOW_BUNDLE_PATH },
    // Workflows wait mostly; a cached one spares the replay of its history.
    maxCachedWorkflows: 2_000,
    // How long a workflow waits for the worker that has it cached, before another one takes it over.
    stickyQueueScheduleToStartTimeout: '2s',
    shutdownGraceTime: '5s',
    shutdownForceTime: '10s',
  })
}
