import type { Health } from '../observability/health.js'
import { telemetrySettings, type MetricsAddress } from '../observability/settings.js'
import { observeProcess } from '../observability/process-metrics.js'
import { openTelemetry, type Telemetry } from '../observability/telemetry.js'
import type { Logger } from './logger.js'
import { VERSION } from './version.js'

/**
 * Metrics and traces of a process of ours, with what the process tells of itself.
 *
 * @param service as OpenTelemetry is to name it
 * @param prometheus where metrics are to be had; `undefined`: nowhere
 * @param health what is said of the process beside its metrics; that of a control plane is at its own port
 * @throws {CommandError} as {@link openTelemetry} and {@link telemetrySettings}
 */
export async function openProcessTelemetry(
  service: string,
  prometheus: MetricsAddress | undefined,
  log: Logger,
  health?: Health,
): Promise<Telemetry> {
  const settings = telemetrySettings(process.env, prometheus)
  const telemetry = await openTelemetry({ service, version: VERSION, health, log }, settings)
  const { metricsUrl: metrics } = telemetry
  if (metrics !== undefined) log.info({ metrics }, 'metrics can be had')
  if (telemetry.meter === undefined) return telemetry
  const end = observeProcess(telemetry.metrics, VERSION)
  return {
    ...telemetry,
    close: async () => {
      await telemetry.close()
      end()
    },
  }
}
