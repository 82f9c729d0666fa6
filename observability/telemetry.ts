/**
 * Metrics and traces of a process. OpenTelemetry's SDK is loaded when somebody wants to know, and not otherwise: an
 * agent without it is some 10 MB smaller.
 */
import type { Meter } from '@opentelemetry/api'
import type { Health } from './health.js'
import { createMetrics, NO_METRICS, type Metrics } from './metrics.js'
import type { TelemetrySettings } from './settings.js'
import type { FailureLog } from './told-failures.js'

export interface Telemetry {
  readonly metrics: Metrics
  /** For what Temporal's native core counts; `undefined` when nobody wants metrics. */
  readonly meter: Meter | undefined
  /** Where Prometheus finds them, when it does. */
  readonly metricsUrl: string | undefined
  /** Tells what is still to be told, then stops. */
  close(): Promise<void>
}

export const NO_TELEMETRY: Telemetry = {
  metrics: NO_METRICS,
  meter: undefined,
  metricsUrl: undefined,
  close: () => Promise.resolve(),
}

/** Who tells. */
export interface Teller {
  /** `alien-server`, …; `OTEL_SERVICE_NAME` counts more. */
  readonly service: string
  readonly version: string
  /** Gets what the collector does not take. */
  readonly log: FailureLog
  /** Is asked at the port of the metrics. Default: nobody asks there. */
  readonly health?: Health | undefined
}

/** @throws {CommandError} `conflict` when the port of the metrics is in use */
export async function openTelemetry(teller: Teller, settings: TelemetrySettings): Promise<Telemetry> {
  const { prometheus, otlp } = settings
  const wantsMetrics = prometheus !== undefined || otlp.metrics
  if (!wantsMetrics && !otlp.traces) return NO_TELEMETRY
  const { startMetrics, startTraces } = await import('./sdk.js')
  const metrics = wantsMetrics ? await startMetrics(teller, settings) : undefined
  const closeTraces = otlp.traces ? startTraces(teller, settings) : undefined
  return {
    metrics: metrics ? createMetrics(metrics.meter) : NO_METRICS,
    meter: metrics?.meter,
    metricsUrl: metrics?.url,
    close: async () => {
      await closeTraces?.()
      await metrics?.close()
    },
  }
}
