/** OpenTelemetry's SDK, set up. Nobody imports this but `telemetry.ts`, and only when it is wanted. */
import { context, propagation, trace, type Meter } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { detectResources, envDetector, resourceFromAttributes, type Resource } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader, type IMetricReader } from '@opentelemetry/sdk-metrics'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { randomUUID } from 'node:crypto'
import { listenForPrometheus } from './metrics-port.js'
import type { TelemetrySettings } from './settings.js'
import type { Teller } from './telemetry.js'
import { tellingFailures } from './told-failures.js'

interface StartedMetrics {
  readonly meter: Meter
  readonly url: string | undefined
  readonly close: () => Promise<void>
}

/** @throws {CommandError} `conflict` when the port is in use */
export async function startMetrics(
  teller: Teller,
  { prometheus, otlp, metricsIntervalMs }: TelemetrySettings,
): Promise<StartedMetrics> {
  const readers: IMetricReader[] = []
  let listening: Awaited<ReturnType<typeof listenForPrometheus>> | undefined
  if (prometheus !== undefined) {
    const exporter = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true })
    readers.push(exporter)
    listening = await listenForPrometheus(prometheus, {
      '/metrics': (request, response) => exporter.getMetricsRequestHandler(request, response),
      ...teller.health?.routes,
    })
  }
  if (otlp.metrics) {
    const exporter = tellingFailures(new OTLPMetricExporter(), 'metrics', teller.log)
    readers.push(
      new PeriodicExportingMetricReader({
        exporter,
        exportIntervalMillis: metricsIntervalMs,
        exportTimeoutMillis: Math.min(metricsIntervalMs, EXPORT_TIMEOUT_MS),
      }),
    )
  }
  const views = [{ instrumentName: '*', aggregationCardinalityLimit: MAX_SERIES }]
  const provider = new MeterProvider({ resource: resourceOf(teller), readers, views })
  return {
    meter: provider.getMeter('alien', teller.version),
    url: listening?.url,
    close: async () => {
      await listening?.close()
      // A collector that is gone is no reason to end badly.
      await provider.shutdown({ timeoutMillis: CLOSE_TIMEOUT_MS }).catch(() => undefined)
    },
  }
}

/**
 * Of one metric. More than bounded names, outcomes and transports can make together: beyond 2,000, as it comes,
 * OpenTelemetry counts all else as one without labels, and no alert on an outcome would see it.
 */
const MAX_SERIES = 20_000
const EXPORT_TIMEOUT_MS = 10_000
const CLOSE_TIMEOUT_MS = 2_000

/** Makes this process's spans those of OpenTelemetry's API, which handlers and libraries may use as well. */
export function startTraces(teller: Teller, { sampled }: TelemetrySettings): () => Promise<void> {
  const processor = new BatchSpanProcessor({ exporter: tellingFailures(new OTLPTraceExporter(), 'traces', teller.log) })
  const provider = new TracerProvider({
    resource: resourceOf(teller),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampled) }),
    spanProcessors: [processor],
  })
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  return async () => {
    const late = new Promise((resolve) => setTimeout(resolve, CLOSE_TIMEOUT_MS).unref())
    await Promise.race([provider.shutdown().catch(() => undefined), late])
  }
}

/** `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` count more. */
const resourceOf = ({ service, version }: Teller): Resource =>
  resourceFromAttributes({
    'service.name': service,
    'service.version': version,
    'service.instance.id': randomUUID(),
  }).merge(detectResources({ detectors: [envDetector] }))
