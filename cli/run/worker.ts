/** Runs `alien worker`. */
import { connectNative, unreachable } from '../../temporal/native-connection.js'
import { temporalSettings } from '../../temporal/settings.js'
import { createLogger } from '../../workers/logger.js'
import { runWorker } from '../../workers/run-worker.js'
import { createVendorWorker } from '../../workers/vendor-worker.js'
import { untilSignal } from '../signals.js'

export async function runVendorWorker(): Promise<void> {
  const log = createLogger('worker')
  const temporal = temporalSettings()
  const connection = await connectNative(temporal.connectionOptions, log).catch(unreachable(temporal))
  const stop = new AbortController()
  void untilSignal().then(() => stop.abort())
  try {
    const running = runWorker(await createVendorWorker({ connection, namespace: temporal.namespace }), stop.signal)
    log.info({ temporal: temporal.address, namespace: temporal.namespace }, 'ready')
    await running
  } finally {
    await connection.close()
  }
}
