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

/** @throws {CommandError} `invalid_request` for the first of {@link telemetryMistakes} */
export function telemetrySettings(env: NodeJS.ProcessEnv, prometheus: MetricsAddress | undefined): TelemetrySettings {
  const [mistake] = telemetryMistakes(env)
  if (mistake !== undefined) throw new CommandError('invalid_request', mistake)
  const otlp = otlpOf(env)
  return {
    prometheus,
    otlp,
    metricsIntervalMs: intervalOf(env),
    sampled: otlp.traces ? sampledOf(env) : 0,
  }
}

/** What is set and cannot be done, one text for each. What is said of a signal that nobody is sent is not looked at. */
export function telemetryMistakes(env: NodeJS.ProcessEnv): string[] {
  const { metrics, traces } = otlpOf(env)
  return [
    ...(metrics || traces ? [...endpointMistakes(env), ...protocolMistakes(env)] : []),
    ...(metrics ? intervalMistakes(env) : []),
    ...(traces ? samplerMistakes(env) : []),
  ]
}

const otlpOf = (env: NodeJS.ProcessEnv) => ({ metrics: wantsOtlp(env, 'METRICS'), traces: wantsOtlp(env, 'TRACES') })

function wantsOtlp(env: NodeJS.ProcessEnv, signal: 'METRICS' | 'TRACES'): boolean {
  if (env['OTEL_SDK_DISABLED'] === 'true' || env[`OTEL_${signal}_EXPORTER`] === 'none') return false
  return Boolean(env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`])
}

/** Their values are not shown: they may have a password. */
function* endpointMistakes(env: NodeJS.ProcessEnv): Generator<string> {
  for (const name of ['', '_METRICS', '_TRACES'].map((signal) => `OTEL_EXPORTER_OTLP${signal}_ENDPOINT`)) {
    const endpoint = env[name]
    if (!endpoint || (/^https?:\/\//i.test(endpoint) && URL.canParse(endpoint))) continue
    yield `${name} must be an http or https URL, like http://collector:4318`
  }
}

function* protocolMistakes(env: NodeJS.ProcessEnv): Generator<string> {
  for (const name of ['', '_METRICS', '_TRACES'].map((signal) => `OTEL_EXPORTER_OTLP${signal}_PROTOCOL`)) {
    const protocol = env[name]
    if (!protocol || protocol === 'http/protobuf') continue
    yield `${name} is "${protocol}", and only http/protobuf is spoken here; give the collector's HTTP address, mostly port 4318`
  }
}

/** What a timer takes. */
const MAX_INTERVAL_MS = 2 ** 31 - 1

const intervalOf = (env: NodeJS.ProcessEnv): number =>
  Number(env['OTEL_METRIC_EXPORT_INTERVAL'] || DEFAULT_METRICS_INTERVAL_MS)

function* intervalMistakes(env: NodeJS.ProcessEnv): Generator<string> {
  const interval = intervalOf(env)
  if (Number.isInteger(interval) && interval >= 1 && interval <= MAX_INTERVAL_MS) return
  yield `OTEL_METRIC_EXPORT_INTERVAL is "${env['OTEL_METRIC_EXPORT_INTERVAL'] ?? ''}"; it must be a number of milliseconds from 1 to ${MAX_INTERVAL_MS}`
}

/** How many of the traces are kept, by the sampler's name and what `OTEL_TRACES_SAMPLER_ARG` has. */
const SAMPLERS: Readonly<Record<string, (ratio: number) => number>> = {
  parentbased_always_on: () => 1,
  parentbased_always_off: () => 0,
  parentbased_traceidratio: (ratio) => ratio,
}

const samplerOf = (env: NodeJS.ProcessEnv): string => env['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on'
const ratioOf = (env: NodeJS.ProcessEnv): number => Number(env['OTEL_TRACES_SAMPLER_ARG'] || '1')

const sampledOf = (env: NodeJS.ProcessEnv): number => SAMPLERS[samplerOf(env)]?.(ratioOf(env)) ?? 1

function* samplerMistakes(env: NodeJS.ProcessEnv): Generator<string> {
  const sampler = samplerOf(env)
  if (!Object.hasOwn(SAMPLERS, sampler)) {
    yield `OTEL_TRACES_SAMPLER is "${sampler}"; it may be parentbased_always_on, parentbased_always_off or parentbased_traceidratio`
  }
  const ratio = ratioOf(env)
  if (sampler === 'parentbased_traceidratio' && !(ratio >= 0 && ratio <= 1)) {
    yield `OTEL_TRACES_SAMPLER_ARG is "${env['OTEL_TRACES_SAMPLER_ARG'] ?? ''}"; it must be a number from 0 to 1`
  }
}
