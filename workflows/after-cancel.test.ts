import { describe, expect, test } from 'vitest'
import type { CancelRequest } from '../protocol/cancel.js'
import type { ErrorBody } from '../protocol/errors.js'
import type { InvokeCommandInput } from '../protocol/invocation.js'
import { afterCancel } from './after-cancel.js'
import { NOTHING_YET, type AttemptCount, type AttemptOutcome } from './attempt.js'
import { testInput } from './test-input.testsuite.js'

const input: InvokeCommandInput = { ...testInput(), command: 'run-migration' }

const error: ErrorBody = { code: 'command_failed', message: '"run-migration" failed: no' }

const after = (outcome: AttemptOutcome, earlier: Partial<AttemptCount> = {}, request: CancelRequest = {}) =>
  afterCancel(input, request, outcome, { ...NOTHING_YET, ...earlier }, Infinity)

const canceled = (verdict: string, message: string, code = 'canceled') => ({
  step: { kind: 'fail', error: { code, message, details: { verdict } } },
  verdict,
})

test.each([0, false, '', null, { rowCount: 3 }])('a result that came first counts: %j', (result) => {
  expect(after({ kind: 'succeeded', result })).toEqual({ step: { kind: 'succeed', result }, verdict: 'finished_first' })
})

test('so does an error that ends the invocation', () => {
  expect(after({ kind: 'failed', error }, { failed: 3 })).toEqual({
    step: { kind: 'fail', error },
    verdict: 'finished_first',
  })
})

test.each([
  ['refused', 1, 'not_started'],
  ['command_not_found', 1, 'not_started'],
  ['invalid_params', 1, 'not_started'],
  ['timed_out', 3, 'unknown'],
  ['invalid_result', 1, 'finished_first'],
] as const)('an error %s that ends the invocation, run %d, says of its handler: %s', (code, failed, verdict) => {
  const ends = { ...error, code }
  expect(after({ kind: 'failed', error: ends }, { failed })).toEqual({
    step: { kind: 'fail', error: ends },
    verdict,
  })
})

test('an error that would be tried again is not: that is what was canceled', () => {
  expect(after({ kind: 'failed', error }, { failed: 2 })).toEqual(
    canceled('stopped', '"run-migration" was canceled after it had failed 2 times: "run-migration" failed: no'),
  )
})

test('a handler that stopped', () => {
  expect(after({ kind: 'stopped' })).toEqual(
    canceled('stopped', '"run-migration" was canceled, and its handler stopped'),
  )
})

test.each(['not_started', 'not_taken', 'not_delivered'] as const)('%s: nothing ran', (kind) => {
  expect(after({ kind })).toEqual(
    canceled('not_started', '"run-migration" was canceled before its handler was entered; nothing ran'),
  )
})

test.each(['not_started', 'not_taken', 'not_delivered'] as const)('%s, after it had run', (kind) => {
  expect(after({ kind }, { failed: 1 })).toEqual(
    canceled('stopped', '"run-migration" was canceled after it had failed once'),
  )
  expect(after({ kind }, { lost: 1, astray: 1, failed: 1 })).toEqual(
    canceled(
      'unknown',
      '"run-migration" was canceled; an agent that had it was lost before, and whether it finished is unknown',
      'outcome_unknown',
    ),
  )
})

test('an agent that could not begin it ran nothing', () => {
  expect(after({ kind: 'not_begun', error })).toMatchObject({ verdict: 'not_started' })
})

test('a handler that goes on', () => {
  expect(after({ kind: 'not_stopped' })).toEqual(
    canceled(
      'unknown',
      '"run-migration" was canceled; its handler did not stop within 30s, and whether it goes on is unknown',
      'outcome_unknown',
    ),
  )
})

test.each(['lost', 'timed_out'] as const)('an agent that did not answer: %s', (kind) => {
  expect(after({ kind })).toEqual(
    canceled(
      'unknown',
      '"run-migration" was canceled; the agent of "acme-corp" that ran it did not answer, and whether it stopped is unknown',
      'outcome_unknown',
    ),
  )
})

describe('what ran before and may go on is not said to have stopped', () => {
  const lost = 'an agent that had it was lost before, and whether it finished is unknown'
  const timedOut = 'an earlier run of it ran out of its time, and whether its handler goes on is unknown'
  const timeOut: ErrorBody = { code: 'timed_out', message: 'too long' }

  test.each<[AttemptOutcome, Partial<AttemptCount>, string]>([
    [{ kind: 'stopped' }, { astray: 1, astrayInRun: 1 }, lost],
    [{ kind: 'stopped', attempts: 2 }, { astray: 2, astrayInRun: 2 }, lost],
    [{ kind: 'stopped', attempts: 2 }, { astray: 2, astrayInRun: 1, failed: 1 }, lost],
    [{ kind: 'stopped' }, { failed: 1, timedOut: 1 }, timedOut],
    [{ kind: 'not_started' }, { failed: 1, timedOut: 1 }, timedOut],
    [{ kind: 'failed', error: timeOut }, { failed: 1, timedOut: 1 }, timedOut],
    [{ kind: 'failed', error }, { failed: 1, astray: 1 }, lost],
  ])('%j after %j', (outcome, earlier, why) => {
    expect(after(outcome, earlier)).toEqual(
      canceled('unknown', `"run-migration" was canceled; ${why}`, 'outcome_unknown'),
    )
  })

  test('unless the agent that stopped it has had all attempts of the one run', () => {
    expect(after({ kind: 'stopped', attempts: 3 }, { astray: 2, astrayInRun: 2 })).toMatchObject({ verdict: 'stopped' })
  })
})

describe('what an agent gave back, and said had ended, has', () => {
  test.each(['not_started', 'not_taken', 'not_delivered'] as const)('%s', (kind) => {
    expect(after({ kind }, { lost: 1, lostInRun: 1 })).toEqual(
      canceled('stopped', '"run-migration" was canceled after its agent had stopped, and its handler with it'),
    )
  })

  test('when the next one stopped as well', () => {
    expect(after({ kind: 'stopped' }, { lost: 2, lostInRun: 2 })).toMatchObject({ verdict: 'stopped' })
    expect(after({ kind: 'stopped', attempts: 2 }, { lost: 2, lostInRun: 2, astray: 1, astrayInRun: 1 })).toMatchObject(
      {
        verdict: 'stopped',
      },
    )
  })
})

test('the reason is kept, for people and for programs', () => {
  expect(after({ kind: 'stopped' }, {}, { reason: 'wrong database' }).step).toEqual({
    kind: 'fail',
    error: {
      code: 'canceled',
      message: '"run-migration" was canceled, and its handler stopped (wrong database)',
      details: { verdict: 'stopped', reason: 'wrong database' },
    },
  })
})
