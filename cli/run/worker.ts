/** Runs `alien worker`. */
import { connectNative, unreachable } from '../../temporal/native-connection.js'
import { temporalSettings } from '../../temporal/settings.js'
import { openOrClose } from '../../workers/closers.js'
import { createLogger, toggleDebugOnSignal } from '../../workers/logger.js'
import { openWorkerPush } from '../../workers/open-push.js'
import { runWorker } from '../../workers/run-worker.js'
import { createVendorWorker } from '../../workers/vendor-worker.js'
import type { WorkerFlags } from '../commands/server.js'
import { parseSealingKeys } from '../sealing-keys.js'
import { untilSignal } from '../signals.js'

export async function runVendorWorker({ databaseUrl, publicUrl, sealingKeys }: WorkerFlags): Promise<void> {
  const log = createLogger('worker')
  toggleDebugOnSignal(log)
  const temporal = temporalSettings()
  const stop = new AbortController()
  void untilSignal().then(() => stop.abort())
  const { connection, push, close } = await openOrClose(async (closers) => {
    const connection = await connectNative(temporal.connectionOptions, log).catch(unreachable(temporal))
    closers.add(() => connection.close())
    const keys = sealingKeys === undefined ? undefined : parseSealingKeys(sealingKeys)
    const push =
      databaseUrl === undefined
        ? undefined
        : await openWorkerPush({ registry: { url: databaseUrl }, publicUrl, sealingKeys: keys, log }, closers)
    return { connection, push, close: () => closers.close() }
  })
  try {
    const worker = await createVendorWorker({ connection, namespace: temporal.namespace, push, log })
    const running = runWorker(worker, stop.signal)
    const { address, namespace } = temporal
    log.info({ temporal: address, namespace, pushes: push !== undefined }, 'ready')
    await running
  } finally {
    await close()
  }
}
