import { describe, expect, test } from 'vitest'
import type { ErrorBody } from '../protocol/errors.js'
import { counted, MAX_LOST_AGENTS, nextStep, NOTHING_YET, type AttemptCount, type AttemptOutcome } from './attempt.js'
import { testInput as input, type PolicyChanges } from './test-input.testsuite.js'

const failed = (error: Partial<ErrorBody> = {}): AttemptOutcome & { kind: 'failed' } => ({
  kind: 'failed',
  error: { code: 'command_failed', message: '"generate-report" failed: no', ...error },
})

const LOST: AttemptOutcome = { kind: 'lost' }
const TIMED_OUT: AttemptOutcome = { kind: 'timed_out' }
const NOT_TAKEN: AttemptOutcome = { kind: 'not_taken' }

const NOT_DELIVERED: AttemptOutcome = { kind: 'not_delivered' }

const times = (lost: number, failed = 0): AttemptCount => ({
  ...NOTHING_YET,
  lost,
  lostInRow: lost,
  lostInRun: lost,
  failed,
})

test.each([{ rowCount: 3 }, null, 0, false, ''])('a result is the end: %j', (result) => {
  expect(nextStep(input(), { kind: 'succeeded', result }, times(0), Infinity)).toEqual({ kind: 'succeed', result })
})

describe('after the handler failed', () => {
  const again = (afterMs: number) => ({ kind: 'deliver_again', afterMs })
  const final = (outcome = failed()) => ({ kind: 'fail', error: outcome.error })

  test.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [7, 64_000],
    [8, 100_000],
    [2_000, 100_000],
  ])('run %d is followed by a back-off of %d ms', (count, afterMs) => {
    const policy = { retry: { maxAttempts: 10_000 } }
    expect(nextStep(input(policy), failed(), times(0, count), Infinity)).toEqual(again(afterMs))
  })

  test('the back-off is what the policy says', () => {
    const policy = { retry: { initialIntervalMs: 10, backoffCoefficient: 1, maxIntervalMs: 5 } }
    expect(nextStep(input({ retry: { ...policy.retry, maxIntervalMs: 99 } }), failed(), times(0, 2), Infinity)).toEqual(
      again(10),
    )
    expect(nextStep(input(policy), failed(), times(0, 1), Infinity)).toEqual(again(5))
  })

  test('the last run allowed is the end, with its own error', () => {
    expect(nextStep(input(), failed(), times(0, 2), Infinity)).toEqual(again(2_000))
    expect(nextStep(input(), failed(), times(0, 3), Infinity)).toEqual(final())
    expect(nextStep(input({ retry: { maxAttempts: 1 } }), failed(), times(0, 1), Infinity)).toEqual(final())
  })

  test('lost agents do not count as runs of the handler', () => {
    expect(nextStep(input(), failed(), times(10, 2), Infinity)).toEqual(again(2_000))
  })

  describe('with a RetryableError', () => {
    const busy = (details: object = {}) =>
      failed({ details: { name: 'RetryableError', message: 'no', retryable: true, ...details } })
    const policy = { retry: { maxAttempts: 1, maxRetryableAttempts: 10 } }

    test('it is run again, more often than with others, after the pause that it asks for', () => {
      expect(nextStep(input(policy), failed(), times(0, 1), Infinity)).toEqual(final())
      expect(nextStep(input(policy), busy(), times(0, 2), Infinity)).toEqual(again(2_000))
      expect(nextStep(input(policy), busy({ retryAfterMs: 0 }), times(0, 2), Infinity)).toEqual(again(0))
      expect(nextStep(input(policy), busy({ retryAfterMs: 7 }), times(0, 9), Infinity)).toEqual(again(7))
      expect(nextStep(input(policy), busy(), times(0, 10), Infinity)).toEqual(final(busy()))
    })

    test('an invocation of before there was one goes by its maxAttempts', () => {
      const old = input({ retry: { maxAttempts: 2 } })
      expect(nextStep(old, busy(), times(0, 1), Infinity)).toEqual(again(1_000))
      expect(nextStep(old, busy(), times(0, 2), Infinity)).toEqual(final(busy()))
    })

    test.each([-1, 86_400_001, '5', null])('a pause of %j that no agent of ours asks for is none', (retryAfterMs) => {
      expect(nextStep(input(policy), busy({ retryAfterMs }), times(0, 1), Infinity)).toEqual(again(1_000))
    })

    test('codes that are final stay so, and so does the deadline', () => {
      const finalName = input({ retry: { ...policy.retry, nonRetryableCodes: ['RetryableError'] } })
      expect(nextStep(finalName, busy(), times(0, 1), Infinity)).toEqual(final(busy()))
      const later = busy({ retryAfterMs: 5_000 })
      expect(nextStep(input(policy), later, times(0, 1), 5_000)).toEqual(final(later))
      expect(nextStep(input(policy), later, times(0, 1), 5_001)).toEqual(again(5_000))
    })

    test('an at-most-once command is not, and says so', () => {
      const { error } = busy()
      const message = `${error.message}; it is at-most-once, so it was not run again`
      expect(nextStep(input({ ...policy, atMostOnce: true }), busy(), times(0, 1), Infinity)).toEqual({
        kind: 'fail',
        error: { ...error, message },
      })
    })

    test('what another error has in its details asks for nothing', () => {
      const timedOut = failed({ code: 'timed_out', details: { retryable: true } })
      expect(nextStep(input(policy), timedOut, times(0, 1), Infinity)).toEqual(final(timedOut))
    })
  })

  test('an at-most-once command is never run again', () => {
    expect(nextStep(input({ atMostOnce: true }), failed(), times(0, 1), Infinity)).toEqual(final())
  })

  test.each([
    [1_001, true],
    [1_000, false],
    [0, false],
    [-5, false],
  ])('with %d ms to the deadline, a back-off of a second is taken: %j', (remainingMs, taken) => {
    expect(nextStep(input(), failed(), times(0, 1), remainingMs)).toEqual(taken ? again(1_000) : final())
  })

  test.each([
    { code: 'E_DISK', name: 'Error', message: 'no' },
    { code: 507, name: 'Error', message: 'no' },
    { name: 'ValidationError', message: 'no' },
  ])('what the policy calls final is final: %j', (details) => {
    const policy = { retry: { nonRetryableCodes: ['E_DISK', '507', 'ValidationError'] } }
    const outcome = failed({ details })
    expect(nextStep(input(policy), outcome, times(0, 1), Infinity)).toEqual(final(outcome))
    expect(nextStep(input(), outcome, times(0, 1), Infinity)).toEqual(again(1_000))
  })

  test("what the customer's kill switch stopped is final", () => {
    const outcome = failed({
      details: { name: 'CustomerPolicy', message: 'stopped', code: 'stopped_by_customer_policy' },
    })
    expect(nextStep(input(), outcome, times(0, 1), Infinity)).toEqual(final(outcome))
  })

  test.each([undefined, null, 'E_DISK', ['E_DISK']])('details %j name no code', (details) => {
    const outcome = failed(details === undefined ? {} : { details })
    const policy = { retry: { nonRetryableCodes: ['E_DISK', 'undefined'] } }
    expect(nextStep(input(policy), outcome, times(0, 1), Infinity)).toEqual(again(1_000))
  })

  test.each([
    'invalid_params',
    'invalid_result',
    'payload_too_large',
    'command_not_found',
    'refused',
    'internal',
  ] as const)('%s is final, whatever the policy', (code) => {
    const outcome = failed({ code })
    expect(nextStep(input(), outcome, times(0, 1), Infinity)).toEqual(final(outcome))
  })

  test('a time-out that the agent reported is tried again like an error', () => {
    expect(nextStep(input(), failed({ code: 'timed_out' }), times(0, 1), Infinity)).toEqual(again(1_000))
  })
})

describe("after the customer's policy refused it", () => {
  const refusal: ErrorBody = {
    code: 'refused',
    message: 'the customer\'s policy refused "generate-report"',
    details: { rule: 'deny' },
  }

  test('it is refused when nothing ran before', () => {
    const count = { ...NOTHING_YET, undelivered: 3, failed: 1 }
    expect(nextStep(input(), failed(refusal), count, Infinity)).toEqual({ kind: 'fail', error: refusal })
  })

  test.each([
    [1, 1, 'once'],
    [0, 2, 'once'],
    [2, 2, '3 times'],
  ])('with %d agents lost and %d failed runs, nobody may say that nothing ran', (lost, count, howOften) => {
    expect(nextStep(input(), failed(refusal), times(lost, count), Infinity)).toEqual({
      kind: 'fail',
      error: {
        code: 'outcome_unknown',
        message: `"generate-report" was delivered ${howOften}, and then the customer's policy refused "generate-report"`,
        details: { rule: 'deny' },
      },
    })
  })
})

describe('after its time was over and nothing was reported', () => {
  const error = {
    code: 'timed_out',
    message:
      '"generate-report" started on "acme-corp" and ran out of its time; whether its handler still runs is unknown',
  }

  test('it is tried again as the policy says', () => {
    expect(nextStep(input(), TIMED_OUT, times(0, 2), Infinity)).toEqual({ kind: 'deliver_again', afterMs: 2_000 })
    expect(nextStep(input(), TIMED_OUT, times(0, 3), Infinity)).toEqual({ kind: 'fail', error })
  })

  test('an at-most-once command is not', () => {
    expect(nextStep(input({ atMostOnce: true }), TIMED_OUT, times(0, 1), Infinity)).toEqual({ kind: 'fail', error })
  })
})

describe('when no agent took it', () => {
  const offline = (wait: string) => ({
    kind: 'fail',
    error: {
      code: 'deployment_offline',
      message: `no agent of "acme-corp" took "generate-report" within ${wait}; nothing ran`,
    },
  })

  test.each<[PolicyChanges, string]>([
    [{}, '1h'],
    [{ queueTimeoutMs: 1_500 }, '1.5s'],
    [{ queueTimeoutMs: 60_000, deadlineMs: 30_000 }, '30s'],
    [{ queueTimeoutMs: 30_000, deadlineMs: 60_000 }, '30s'],
  ])('ever, the deployment is offline: %j, %s', (policy, wait) => {
    expect(nextStep(input(policy), NOT_TAKEN, times(0), Infinity)).toEqual(offline(wait))
  })

  test('what is pushed waited for the vendor', () => {
    const pushed = { ...input(), transport: 'lambda' as const }
    expect(nextStep(pushed, NOT_TAKEN, times(0), Infinity)).toMatchObject({
      error: {
        message:
          'no vendor worker (alien worker) that delivers to "acme-corp" took "generate-report" within 1h; nothing ran',
      },
    })
  })

  test.each([
    [1, 0, 'once'],
    [0, 1, 'once'],
    [1, 1, '2 times'],
    [2, 1, '3 times'],
  ])('again, after %d lost agents and %d runs that failed, the outcome is unknown', (lost, count, often) => {
    expect(nextStep(input(), NOT_TAKEN, times(lost, count), Infinity)).toEqual({
      kind: 'fail',
      error: {
        code: 'outcome_unknown',
        message: `"generate-report" was delivered ${often} and no agent of "acme-corp" took it again within 1h`,
      },
    })
  })
})

describe('after its agent was lost', () => {
  const lostForGood = (why: string) => ({
    kind: 'fail',
    error: {
      code: 'outcome_unknown',
      message: `the agent of "acme-corp" that ran "generate-report" was lost; ${why}, so it was not run again, and whether it finished is unknown`,
    },
  })

  test.each([
    [1, 0],
    [2, 1_000],
    [3, 2_000],
    [7, 32_000],
    [8, 60_000],
    [19, 60_000],
  ])('for time %d, it is delivered again after %d ms', (lost, afterMs) => {
    expect(nextStep(input(), LOST, times(lost), Infinity)).toEqual({ kind: 'deliver_again', afterMs })
  })

  test('it is delivered again even when errors are final', () => {
    const policy = { retry: { maxAttempts: 1 } }
    expect(nextStep(input(policy), LOST, times(1, 1), Infinity)).toEqual({ kind: 'deliver_again', afterMs: 0 })
  })

  test('so is an at-most-once command: agents do not enter it again', () => {
    const again = { kind: 'deliver_again', afterMs: 0 }
    expect(nextStep(input({ atMostOnce: true }), LOST, times(1), Infinity)).toEqual(again)
  })

  test('a command that takes agents down with it is stopped', () => {
    expect(MAX_LOST_AGENTS).toBe(20)
    expect(nextStep(input(), LOST, times(20), Infinity)).toEqual(lostForGood('it lost 20 agents'))
  })

  test.each([
    [1, 0],
    [1, -1],
    [2, 1_000],
  ])('time %d with %d ms to the deadline is the end', (lost, remainingMs) => {
    expect(nextStep(input(), LOST, times(lost), remainingMs)).toEqual(lostForGood('its deadline is over'))
  })

  test('with time for the back-off, it is delivered again', () => {
    expect(nextStep(input(), LOST, times(1), 1)).toEqual({ kind: 'deliver_again', afterMs: 0 })
    expect(nextStep(input(), LOST, times(2), 1_001)).toEqual({ kind: 'deliver_again', afterMs: 1_000 })
  })
})

describe('after a delivery that no agent was there to take', () => {
  const undelivered = (count: number, lost = 0) => ({ ...times(lost), undelivered: count })

  test.each([
    [1, 0],
    [2, 1_000],
    [3, 2_000],
    [50, 60_000],
  ])('number %d, the next one follows after %d ms', (count, afterMs) => {
    const again = { kind: 'deliver_again', afterMs }
    expect(nextStep(input(), NOT_DELIVERED, undelivered(count), Infinity)).toEqual(again)
    // It ran nowhere: at most once is not used up.
    expect(nextStep(input({ atMostOnce: true }), NOT_DELIVERED, undelivered(count), Infinity)).toEqual(again)
  })

  test('it is not waited for longer than it may wait in all, and as before once it has', () => {
    const afterMs = (waitedMs: number) =>
      nextStep(input({ queueTimeoutMs: 10_000 }), NOT_DELIVERED, undelivered(6), Infinity, waitedMs)
    expect([0, 9_300, 10_000, 12_000].map(afterMs)).toMatchObject(
      [10_000, 700, 16_000, 16_000].map((afterMs) => ({ afterMs })),
    )
  })

  test('with no time left, nothing ran, unless an agent was lost before', () => {
    expect(nextStep(input(), NOT_DELIVERED, undelivered(2), 1_000)).toMatchObject({
      kind: 'fail',
      error: { code: 'deployment_offline' },
    })
    expect(nextStep(input(), NOT_DELIVERED, undelivered(2, 1), 1_000)).toMatchObject({
      kind: 'fail',
      error: { code: 'outcome_unknown' },
    })
  })
})

describe('after an agent could not begin', () => {
  const error: ErrorBody = { code: 'unavailable', message: 'the journal cannot be written: disk full' }
  const NOT_BEGUN: AttemptOutcome = { kind: 'not_begun', error }
  const notBegun = (undelivered: number, lost = 0) => ({ ...times(lost), undelivered })

  test.each([
    [1, 1_000],
    [2, 2_000],
    [50, 60_000],
  ])('time %d, it is delivered again after %d ms, at-most-once or not', (count, afterMs) => {
    const again = { kind: 'deliver_again', afterMs }
    expect(nextStep(input(), NOT_BEGUN, notBegun(count), Infinity)).toEqual(again)
    expect(nextStep(input({ atMostOnce: true }), NOT_BEGUN, notBegun(count), Infinity)).toEqual(again)
  })

  test.each([
    ['its time in the queue', Infinity, 3_599_000],
    ['its deadline', 1_000, 0],
  ])('%s bounds that, and the error is the agent’s own', (_, remainingMs, waitedMs) => {
    expect(nextStep(input(), NOT_BEGUN, notBegun(1), remainingMs + 1, waitedMs - 1)).toMatchObject({
      kind: 'deliver_again',
    })
    expect(nextStep(input(), NOT_BEGUN, notBegun(1), remainingMs, waitedMs)).toEqual({ kind: 'fail', error })
  })

  test('what an earlier delivery came to is unknown', () => {
    expect(nextStep(input(), NOT_BEGUN, notBegun(1, 2), 0)).toEqual({
      kind: 'fail',
      error: {
        code: 'outcome_unknown',
        message: '"generate-report" was delivered 2 times, and then the journal cannot be written: disk full',
      },
    })
  })
})

test('what happened is counted by what it was', () => {
  const outcomes: readonly AttemptOutcome[] = [
    NOT_DELIVERED,
    LOST,
    LOST,
    failed(),
    LOST,
    { kind: 'lost', ended: true },
    { kind: 'not_begun', error: failed().error },
    NOT_TAKEN,
  ]
  expect(outcomes.reduce(counted, NOTHING_YET)).toEqual({
    undelivered: 2,
    lost: 4,
    lostInRow: 4,
    lostInRun: 2,
    astray: 3,
    astrayInRun: 1,
    failed: 1,
    timedOut: 0,
  })
  expect(counted({ ...NOTHING_YET, lost: 1, lostInRun: 1, astray: 1, astrayInRun: 1 }, TIMED_OUT)).toEqual({
    ...NOTHING_YET,
    lost: 1,
    astray: 1,
    failed: 1,
    timedOut: 1,
  })
})
