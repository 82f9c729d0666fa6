/** Runs `alien server`. */
import type { SettingsOf } from '../../config/settings.js'
import { temporalSettings } from '../../temporal/settings.js'
import { startControlPlane } from '../../workers/control-plane.js'
import { createLogger, toggleDebugOnSignal } from '../../workers/logger.js'
import { openProcessTelemetry } from '../../workers/process-telemetry.js'
import { metricsAddress, registryOf, tlsFilesOf } from '../settings.js'
import { untilSignal } from '../signals.js'

export async function runServer(settings: SettingsOf<'server'>): Promise<void> {
  const log = createLogger('server', { ALIEN_LOG_LEVEL: settings.logLevel })
  toggleDebugOnSignal(log)
  const temporal = temporalSettings()
  const telemetry = await openProcessTelemetry('alien-server', metricsAddress(settings), log)
  const controlPlane = await startControlPlane({
    host: settings.host,
    port: settings.port,
    registry: registryOf(settings),
    apiKey: settings.apiKey === undefined ? undefined : { name: 'ALIEN_API_KEY', token: settings.apiKey },
    temporal,
    publicUrl: settings.publicUrl,
    temporalUiUrl: settings.temporalUiUrl,
    vendorWorker: settings.worker,
    tls: tlsFilesOf(settings),
    insecurePlaintext: settings.insecurePlaintext,
    callsPerSecond: settings.rateLimit,
    agentCallsPerSecond: settings.agentRateLimit,
    pollLimits: { perAgent: settings.pollsPerAgent, perDeployment: settings.pollsPerDeployment },
    auditRetentionMs: settings.auditRetention,
    trustProxy: settings.trustProxy,
    sealingKeys: settings.sealingKeys,
    telemetry,
    log,
  })
  try {
    if (settings.apiKey === undefined) log.warn('no ALIEN_API_KEY was given: only API keys given earlier are accepted')
    log.info({ url: controlPlane.url, temporal: temporal.address, namespace: temporal.namespace }, 'ready')
    // Without a worker in this process, only a signal ends it.
    await Promise.race([...(settings.worker ? [controlPlane.done] : []), untilSignal()])
    log.info('draining')
  } finally {
    await controlPlane.close()
    await telemetry.close()
  }
}
