/** Runs `alien server`. */
import { join } from 'node:path'
import { stateDir } from '../../protocol/dev-state.js'
import { CommandError } from '../../protocol/errors.js'
import { temporalSettings } from '../../temporal/settings.js'
import { startControlPlane } from '../../workers/control-plane.js'
import { createLogger, toggleDebugOnSignal } from '../../workers/logger.js'
import type { ServerFlags } from '../commands/server.js'
import { openProcessTelemetry } from '../../workers/process-telemetry.js'
import { metricsAddress } from '../metrics-options.js'
import { parseSealingKeys } from '../sealing-keys.js'
import { untilSignal } from '../signals.js'

export async function runServer(flags: ServerFlags): Promise<void> {
  const log = createLogger('server')
  toggleDebugOnSignal(log)
  const temporal = temporalSettings()
  const { databaseUrl: url } = flags
  const telemetry = await openProcessTelemetry('alien-server', metricsAddress(flags), log)
  const controlPlane = await startControlPlane({
    host: flags.host,
    port: flags.port,
    registry: url === undefined ? { file: join(stateDir(), 'registry.db') } : { url },
    apiKey: flags.apiKey === undefined ? undefined : { name: 'ALIEN_API_KEY', token: flags.apiKey },
    temporal,
    publicUrl: flags.publicUrl,
    temporalUiUrl: flags.temporalUiUrl,
    vendorWorker: flags.worker,
    tls: tlsFiles(flags),
    insecurePlaintext: flags.insecurePlaintext,
    callsPerSecond: flags.rateLimit,
    agentCallsPerSecond: flags.agentRateLimit,
    pollLimits: { perAgent: flags.pollsPerAgent, perDeployment: flags.pollsPerDeployment },
    auditRetentionMs: flags.auditRetention,
    trustProxy: flags.trustProxy,
    sealingKeys: flags.sealingKeys === undefined ? undefined : parseSealingKeys(flags.sealingKeys),
    telemetry,
    log,
  })
  try {
    if (flags.apiKey === undefined) log.warn('no ALIEN_API_KEY was given: only API keys given earlier are accepted')
    log.info({ url: controlPlane.url, temporal: temporal.address, namespace: temporal.namespace }, 'ready')
    // Without a worker in this process, only a signal ends it.
    await Promise.race([...(flags.worker ? [controlPlane.done] : []), untilSignal()])
    log.info('draining')
  } finally {
    await controlPlane.close()
    await telemetry.close()
  }
}

function tlsFiles({ tlsCert, tlsKey }: ServerFlags): { certFile: string; keyFile: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert !== undefined && tlsKey !== undefined) return { certFile: tlsCert, keyFile: tlsKey }
  throw new CommandError('invalid_request', 'TLS needs both --tls-cert and --tls-key')
}
