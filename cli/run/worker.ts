/** Runs `alien worker`. */
import type { SettingsOf } from '../../config/settings.js'
import { Health } from '../../observability/health.js'
import { connectNative, unreachable } from '../../temporal/native-connection.js'
import { temporalSettings } from '../../temporal/settings.js'
import { openOrClose } from '../../workers/closers.js'
import { createLogger, toggleDebugOnSignal } from '../../workers/logger.js'
import { observeCertificates } from '../../workers/observe-certificates.js'
import { openWorkerPush } from '../../workers/open-push.js'
import { runWorker } from '../../workers/run-worker.js'
import { openProcessTelemetry } from '../../workers/process-telemetry.js'
import { vendorWorkerProbes } from '../../workers/vendor-worker-probes.js'
import { createVendorWorker } from '../../workers/vendor-worker.js'
import { metricsAddress } from '../settings.js'
import { untilSignal } from '../signals.js'

export async function runVendorWorker(settings: SettingsOf<'worker'>): Promise<void> {
  const { databaseUrl, publicUrl, sealingKeys } = settings
  const log = createLogger('worker', { ALIEN_LOG_LEVEL: settings.logLevel })
  toggleDebugOnSignal(log)
  const temporal = temporalSettings()
  const health = new Health(log)
  const telemetry = await openProcessTelemetry('alien-worker', metricsAddress(settings), log, health)
  const { metrics, meter } = telemetry
  const stop = new AbortController()
  void untilSignal().then(() => stop.abort())
  const { connection, pushing, close } = await openOrClose(async (closers) => {
    const connection = await connectNative(temporal.connectionOptions, log, meter).catch(unreachable(temporal))
    closers.add(() => connection.close())
    closers.add(observeCertificates(metrics, { temporal }))
    const pushing =
      databaseUrl === undefined
        ? undefined
        : await openWorkerPush({ registry: { url: databaseUrl }, publicUrl, sealingKeys, metrics, log }, closers)
    return { connection, pushing, close: () => closers.close() }
  })
  try {
    const { address, namespace } = temporal
    const worker = await createVendorWorker({ connection, namespace, push: pushing?.push, log, metrics })
    const running = runWorker(worker, stop.signal)
    health.needs(vendorWorkerProbes(worker, namespace, pushing?.registry))
    log.info({ temporal: address, namespace, pushes: pushing !== undefined }, 'ready')
    await running
  } finally {
    await close()
    await telemetry.close()
  }
}
