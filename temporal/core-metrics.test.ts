import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { MAX_NAMES } from '../observability/bounded-names.js'
import { telemetrySettings } from '../observability/settings.js'
import { openTelemetry } from '../observability/telemetry.js'
import { recorderOf, type Change } from './core-metrics.js'

const change = (activityType: string): Change => ({
  metric: { name: 'temporal_activity_task_received', kind: 'counter', valueType: 'int' },
  value: 1,
  attributes: { namespace: 'default', activity_type: activityType },
})

test('10,000 commands of an agent make a bounded number of series of the core as well, and none is lost', async () => {
  const settings = telemetrySettings({}, { host: '127.0.0.1', port: 0 })
  const telemetry = await openTelemetry({ service: 'test', version: '1.2.3', log: pino({ level: 'silent' }) }, settings)
  onTestFinished(() => telemetry.close())
  if (telemetry.meter === undefined) throw new Error('nobody counts')
  recorderOf(telemetry.meter)(Array.from({ length: 10_000 }, (_, index) => change(`command-${index}`)))
  const text = await (await fetch(telemetry.metricsUrl ?? '')).text()
  const series = text.split('\n').filter((line) => line.startsWith('temporal_activity_task_received'))
  expect(series).toHaveLength(MAX_NAMES + 1)
  expect(series).toContainEqual(expect.stringMatching(/activity_type="command-0".* 1$/))
  expect(series).toContainEqual(expect.stringMatching(new RegExp(`activity_type="other".* ${10_000 - MAX_NAMES}$`)))
})
