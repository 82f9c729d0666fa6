/** The far side of a raw system: a plain Temporal worker with one activity. */
import { NativeConnection, Worker } from '@temporalio/worker'
import type { Params, Result } from '../load.js'
import { serve } from '../serve.js'
import { quietRuntime } from './runtime.js'
import { ACTIVITY_QUEUE, type RawSettings } from './settings.js'

let runs = 0

const generateReport = ({ sequence }: Params): Promise<Result> => {
  runs += 1
  return Promise.resolve({ rowCount: 3, sequence, run: runs })
}

await serve(async (settings) => {
  const { address, namespace, tuned } = settings as RawSettings
  quietRuntime()
  const connection = await NativeConnection.connect({ address })
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: ACTIVITY_QUEUE,
    activities: { generateReport },
    ...(tuned ? { activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 } } : {}),
  })
  const running = worker.run()
  return {
    ready: {},
    close: async () => {
      worker.shutdown()
      await running
      await connection.close()
    },
  }
})
