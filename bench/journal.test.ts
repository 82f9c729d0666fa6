import { expect, test } from 'vitest'
import { journalMeetsBar, journalTable, type JournalFigures } from './journal.js'

const figures = (disk: number, half = 0.02): JournalFigures => {
  const lane = (ratio: number) => ({ p50Ms: 40 * ratio, ratio, spread: [ratio - half, ratio + half] as const })
  return { memoryP50Ms: 40, memoryAgain: lane(1), disk: lane(disk) }
}

test('a journal at its bar meets it; one beyond it does not, nor one of which the run says nothing', () => {
  expect(journalMeetsBar(figures(1.1))).toBe(true)
  expect(journalMeetsBar(figures(1.11))).toBe(false)
  expect(journalMeetsBar(figures(1, 0.09))).toBe(true)
  expect(journalMeetsBar(figures(1.08, 0.04))).toBe(false)
})

test('the table compares both lanes with the first', () => {
  expect(journalTable(figures(1.05)).split('\n')).toEqual([
    'memory        p50 40.0 ms',
    'memory again  p50 40.0 ms: p50 1.000 x memory, 95 % within 0.980 to 1.020',
    'disk          p50 42.0 ms: p50 1.050 x memory, 95 % within 1.030 to 1.070   bar 1.1: met',
  ])
})
