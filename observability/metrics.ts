/** The instruments of `metric-table.ts`, made on a meter of OpenTelemetry. */
import { createNoopMeter, type Attributes, type Meter } from '@opentelemetry/api'
import { BoundedNames } from './bounded-names.js'
import { METRICS, type MetricEntry, type MetricName } from './metric-table.js'

type Labels<Label extends string> = Readonly<Record<Label, string>>

interface Counter<Label extends string> {
  add(count: number, labels: Labels<Label>): void
}

interface Histogram<Label extends string> {
  record(seconds: number, labels: Labels<Label>): void
}

interface Observed<Label extends string> {
  /**
   * Has `look` called whenever metrics are collected. What it does not set, or when it rejects, has no value then.
   *
   * @returns ends that
   */
  observe(look: (set: (value: number, labels: Labels<Label>) => void) => void | Promise<void>): () => void
}

type Instrument<Entry> =
  Entry extends MetricEntry<infer Label, infer Kind>
    ? Kind extends 'counter'
      ? Counter<Label>
      : Kind extends 'histogram'
        ? Histogram<Label>
        : Observed<Label>
    : never

export type Metrics = { readonly [Name in MetricName]: Instrument<(typeof METRICS)[Name]> }

/** From a call of some milliseconds to one that is held for a minute, runs for hours, or waits for a day. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400]

export function createMetrics(meter: Meter): Metrics {
  const commands = new BoundedNames()
  const bounded = (labels: Attributes): Attributes =>
    typeof labels['command'] === 'string' ? { ...labels, command: commands.of(labels['command']) } : labels
  const instruments = Object.entries(METRICS).map(([key, entry]) => [key, instrument(meter, entry, bounded)])
  return Object.fromEntries(instruments) as Metrics
}

function instrument(
  meter: Meter,
  { kind, name, help: description }: MetricEntry,
  bounded: (l: Attributes) => Attributes,
) {
  switch (kind) {
    case 'counter': {
      const counter = meter.createCounter(name, { description })
      return { add: (count: number, labels: Attributes) => counter.add(count, bounded(labels)) }
    }
    case 'histogram': {
      const advice = { explicitBucketBoundaries: SECONDS }
      const histogram = meter.createHistogram(name, { description, unit: 's', advice })
      return { record: (seconds: number, labels: Attributes) => histogram.record(seconds, bounded(labels)) }
    }
    case 'gauge':
    case 'observed counter': {
      const observed =
        kind === 'gauge'
          ? meter.createObservableGauge(name, { description })
          : meter.createObservableCounter(name, { description })
      return {
        observe: (look: Parameters<Observed<string>['observe']>[0]) => {
          const callback = async (result: { observe: (value: number, labels: Attributes) => void }) => {
            // Whoever looked in vain has said so elsewhere, or readiness does.
            await Promise.resolve(look((value, labels) => result.observe(value, labels))).catch(() => undefined)
          }
          observed.addCallback(callback)
          return () => observed.removeCallback(callback)
        },
      }
    }
  }
}

/** Where nobody wants to know. */
export const NO_METRICS: Metrics = createMetrics(createNoopMeter())
