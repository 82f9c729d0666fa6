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
    shutdownGraceTime: '5s',
    shutdownForceTime: '10s',
  })
}
