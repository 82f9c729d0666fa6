/**
 * What Temporal's native core counts, among our own metrics: one port, one OTLP, for both. The core keeps every change
 * until it is asked for them, which is once a second.
 */
import type { Attributes, Meter } from '@opentelemetry/api'
import type { Metric } from '@temporalio/common'
import { MetricsBuffer } from '@temporalio/worker'
import { BoundedNames } from '../observability/bounded-names.js'

const DRAIN_MS = 1_000
/** A second of 1,000 calls is some 30,000 changes. */
const MAX_CHANGES = 200_000
/** The core's own durations, from a local call to a held poll. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600]

/** As the buffer has them. */
export interface Change {
  readonly metric: Metric
  readonly value: number
  readonly attributes: Attributes
}

type Update = (value: number, attributes: Attributes) => void

/** For the options of Temporal's runtime. */
export function coreMetricsBuffer(meter: Meter): MetricsBuffer {
  const buffer = new MetricsBuffer({ maxBufferSize: MAX_CHANGES, useSecondsForDurations: true })
  const record = recorderOf(meter)
  const drain = (): void => record(buffer.retrieveUpdates())
  setInterval(drain, DRAIN_MS).unref()
  return buffer
}

/** Of an agent, the types of activities are the names of its commands. */
const COMMAND_LABEL = 'activity_type'

export function recorderOf(meter: Meter): (changes: Iterable<Change>) => void {
  const updates = new Map<string, Update>()
  const commands = new BoundedNames()
  return (changes) => {
    for (const { metric, value, attributes } of changes) {
      let update = updates.get(metric.name)
      if (update === undefined) updates.set(metric.name, (update = updateOf(meter, metric)))
      const command = attributes[COMMAND_LABEL]
      update(value, typeof command === 'string' ? { ...attributes, [COMMAND_LABEL]: commands.of(command) } : attributes)
    }
  }
}

function updateOf(meter: Meter, { name, kind, unit, description = '' }: Metric): Update {
  const options = { description, ...(unit === undefined ? {} : { unit }) }
  switch (kind) {
    case 'counter': {
      const counter = meter.createCounter(name, options)
      return (value, attributes) => counter.add(value, attributes)
    }
    case 'histogram': {
      const histogram = meter.createHistogram(name, { ...options, advice: { explicitBucketBoundaries: SECONDS } })
      return (value, attributes) => histogram.record(value, attributes)
    }
    case 'gauge': {
      const gauge = meter.createGauge(name, options)
      return (value, attributes) => gauge.record(value, attributes)
    }
    default: {
      const counter = meter.createUpDownCounter(name, options)
      return (value, attributes) => counter.add(value, attributes)
    }
  }
}
