import { expect, test } from 'vitest'
import { beginsRow, nextStep, NOTHING_YET } from './attempt.js'
import { testInput } from './test-input.testsuite.js'

test('the back-off and the end go by the agents that were lost in a row', () => {
  const lost = (lostInRow: number) =>
    nextStep(testInput(), { kind: 'lost' }, { ...NOTHING_YET, lost: 30, lostInRow }, Infinity)
  expect(lost(1)).toEqual({ kind: 'deliver_again', afterMs: 0 })
  expect(lost(19)).toEqual({ kind: 'deliver_again', afterMs: 60_000 })
  expect(lost(20)).toMatchObject({ kind: 'fail', error: { code: 'outcome_unknown' } })
})

test('what is pushed to has no agent', () => {
  const count = { ...NOTHING_YET, lost: 20, lostInRow: 20 }
  expect(nextStep({ ...testInput(), transport: 'lambda' }, { kind: 'lost' }, count, Infinity)).toMatchObject({
    error: {
      message:
        'the runtime of "acme-corp" that ran "generate-report" was lost; it lost 20 runtimes, so it was not run again, and whether it finished is unknown',
    },
  })
})

test.each([
  ['its agent stopped in good order', { kind: 'lost', ended: true }, undefined, true],
  ['it has its first checkpoint', { kind: 'lost', checkpoint: { step: 1 } }, undefined, true],
  ['its checkpoint is another', { kind: 'lost', checkpoint: { step: 2 } }, { step: 1 }, true],
  ['its checkpoint is the same', { kind: 'lost', checkpoint: { step: 1 } }, { step: 1 }, false],
  ['it has none', { kind: 'lost', ended: false }, { step: 1 }, false],
  ['it was not lost', { kind: 'timed_out' }, undefined, false],
] as const)('a delivery begins a new row or adds to it: %s', (_, outcome, before, expected) => {
  expect(beginsRow(outcome, { ...NOTHING_YET, lost: 1, lostInRun: 1 }, before)).toBe(expected)
})

test('the first that is lost of a run begins a new row: the run before ended by itself', () => {
  expect(beginsRow({ kind: 'lost' }, { ...NOTHING_YET, lost: 1, lostInRun: 0, failed: 1 }, undefined)).toBe(true)
})
