/** The near side of a raw system: the SDK's client, and the workflow worker beside it. */
import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { runLoad, type Block, type Invoke, type Load } from '../load.js'
import { RAW_WORKFLOW_BUNDLE } from '../programs.js'
import { serve } from '../serve.js'
import { quietRuntime } from './runtime.js'
import { WORKFLOW_QUEUE, type RawSettings } from './settings.js'
import type { rawCommand } from './workflow.js'

await serve<Load, Block>(async (settings) => {
  const { address, namespace, tuned } = settings as RawSettings
  quietRuntime()
  const native = await NativeConnection.connect({ address })
  // The connection of the SDK's client samples; eager start wants the worker's own. Their speed is the same.
  const connection = await Connection.connect({ address })
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue: WORKFLOW_QUEUE,
    workflowBundle: { codePath: RAW_WORKFLOW_BUNDLE },
  })
  const running = worker.run()
  const client = new Client({ connection: tuned ? native : connection, namespace })
  const invoke: Invoke = (params) =>
    client.workflow.execute<typeof rawCommand>('rawCommand', {
      taskQueue: WORKFLOW_QUEUE,
      workflowId: `raw-${randomUUID()}`,
      args: [params],
      requestEagerStart: tuned,
    })
  return {
    ready: {},
    answer: (load) => runLoad(invoke, load),
    close: async () => {
      worker.shutdown()
      await running
      await Promise.all([connection.close(), native.close()])
    },
  }
})
