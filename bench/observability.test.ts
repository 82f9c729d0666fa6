import { expect, test } from 'vitest'
import { observabilityMeetsBars, observabilityTable, type ObservabilityFigures } from './observability.js'

const figures = (logs: number, traces: number, half = 0.02): ObservabilityFigures => {
  const lane = (ratio: number) => ({
    p50Ms: 50 * ratio,
    ratio,
    spread: [ratio - half, ratio + half] as const,
    cpuMs: 8 * ratio,
  })
  return {
    offP50Ms: 50,
    offCpuMs: 8,
    lanes: { 'off again': lane(1), 'metrics, logs': lane(logs), traces: lane(traces) },
  }
}

test('figures at their bars meet them', () => {
  expect(observabilityMeetsBars(figures(1.03, 1.1))).toBe(true)
})

test.each([
  ['metrics and logs', figures(1.04, 1)],
  ['traces', figures(1, 1.11)],
  ['a spread', figures(1, 1, 0.04)],
])('%s beyond the bar do not', (_, worse) => {
  expect(observabilityMeetsBars(worse)).toBe(false)
})

test('the table has each lane, its spread, and what it says of the bar', () => {
  expect(observabilityTable(figures(1.04, 1.1)).split('\n')).toEqual([
    'off             p50 50.0 ms, processor 8.0 ms',
    'off again       p50 50.0 ms, processor 8.0 ms: p50 1.000 x off, 95 % within 0.980 to 1.020',
    'metrics, logs   p50 52.0 ms, processor 8.3 ms: p50 1.040 x off, 95 % within 1.020 to 1.060   bar 1.03: missed',
    'traces          p50 55.0 ms, processor 8.8 ms: p50 1.100 x off, 95 % within 1.080 to 1.120   bar 1.1: met',
  ])
  expect(observabilityTable(figures(1, 1, 0.04))).toContain('bar 1.03: spread too wide to tell')
})
