/** What is to be told, and to whom: Prometheus by our own settings, OTLP by OpenTelemetry's environment names. */
import { CommandError } from '../protocol/errors.js'

export interface MetricsAddress {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

export interface TelemetrySettings {
  /** Where Prometheus gets metrics; `undefined`: nowhere. */
  readonly prometheus: MetricsAddress | undefined
  /** Whether metrics, and traces, are sent by OTLP over HTTP. Where to, OpenTelemetry's exporters read from the environment. */
  readonly otlp: { readonly metrics: boolean; readonly traces: boolean }
  readonly metricsIntervalMs: number
  /** How many of the traces that begin here are kept: 0 to 1. */
  readonly sampled: number
}

const DEFAULT_METRICS_INTERVAL_MS = 60_000

/** @throws {CommandError} `invalid_request` for what is set and cannot be done */
export function telemetrySettings(env: NodeJS.ProcessEnv, prometheus: MetricsAddress | undefined): TelemetrySettings {
  const otlp = { metrics: wantsOtlp(env, 'METRICS'), traces: wantsOtlp(env, 'TRACES') }
  if (otlp.metrics || otlp.traces) assertProtocol(env)
  return {
    prometheus,
    otlp,
    metricsIntervalMs: Number(env['OTEL_METRIC_EXPORT_INTERVAL']) || DEFAULT_METRICS_INTERVAL_MS,
    sampled: sampledOf(env),
  }
}

function wantsOtlp(env: NodeJS.ProcessEnv, signal: 'METRICS' | 'TRACES'): boolean {
  if (env['OTEL_SDK_DISABLED'] === 'true' || env[`OTEL_${signal}_EXPORTER`] === 'none') return false
  return Boolean(env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`])
}

function assertProtocol(env: NodeJS.ProcessEnv): void {
  for (const name of ['', '_METRICS', '_TRACES'].map((signal) => `OTEL_EXPORTER_OTLP${signal}_PROTOCOL`)) {
    const protocol = env[name]
    if (!protocol || protocol === 'http/protobuf') continue
    throw new CommandError(
      'invalid_request',
      `${name} is "${protocol}", and only http/protobuf is spoken here; give the collector's HTTP address, mostly port 4318`,
    )
  }
}

function sampledOf(env: NodeJS.ProcessEnv): number {
  const sampler = env['OTEL_TRACES_SAMPLER'] ?? ''
  switch (sampler) {
    case '':
    case 'parentbased_always_on':
      return 1
    case 'parentbased_always_off':
      return 0
    case 'parentbased_traceidratio': {
      const ratio = Number(env['OTEL_TRACES_SAMPLER_ARG'] ?? '1')
      if (ratio >= 0 && ratio <= 1) return ratio
      throw new CommandError(
        'invalid_request',
        `OTEL_TRACES_SAMPLER_ARG is "${env['OTEL_TRACES_SAMPLER_ARG'] ?? ''}"; it must be a number from 0 to 1`,
      )
    }
    default:
      throw new CommandError(
        'invalid_request',
        `OTEL_TRACES_SAMPLER is "${sampler}"; it may be parentbased_always_on, parentbased_always_off or parentbased_traceidratio`,
      )
  }
}
