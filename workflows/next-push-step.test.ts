import { describe, expect, test } from 'vitest'
import type { InvokeCommandInput } from '../protocol/invocation.js'
import { MAX_LOST_AGENTS, NOTHING_YET } from './attempt.js'
import { nextPushStep } from './next-push-step.js'
import { testInput } from './test-input.testsuite.js'

const input: InvokeCommandInput = {
  ...testInput({ heartbeatTimeoutMs: 60_000, retry: { maxAttempts: 1 } }),
  taskQueue: 'commands',
  transport: 'pubsub',
}

const UNHEARD = { kind: 'lost', isUnheard: true } as const

const after = (lost: number, remainingMs = Infinity, waitedMs = 60_000) =>
  nextPushStep(input, UNHEARD, { ...NOTHING_YET, lost, lostInRun: lost }, remainingMs, waitedMs)

const unknown = (message: string) => ({ kind: 'fail', error: { code: 'outcome_unknown', message } })

describe('what nothing was heard of', () => {
  test.each([
    [1, 0],
    [2, 1_000],
    [3, 2_000],
    [10, 60_000],
  ])('the %d. time is sent again after %d ms', (lost, afterMs) => {
    expect(after(lost)).toEqual({ kind: 'deliver_again', afterMs })
  })

  test('is not when it may not wait any longer', () => {
    expect(after(3, Infinity, 3_597_999)).toEqual({ kind: 'deliver_again', afterMs: 2_000 })
    expect(after(3, Infinity, 3_598_000)).toEqual(
      unknown(
        '"generate-report" was sent to "acme-corp" 3 times, and nothing was heard of it for 59.97m; whether it ran is unknown',
      ),
    )
  })

  test('is not past its deadline', () => {
    expect(after(3, 2_001)).toEqual({ kind: 'deliver_again', afterMs: 2_000 })
    expect(after(3, 2_000)).toMatchObject({ kind: 'fail' })
  })

  test('is not for ever', () => {
    expect(after(MAX_LOST_AGENTS - 1)).toMatchObject({ kind: 'deliver_again' })
    expect(after(MAX_LOST_AGENTS)).toMatchObject({ kind: 'fail' })
  })
})

test('anything else goes as with agents', () => {
  expect(nextPushStep(input, { kind: 'lost' }, { ...NOTHING_YET, lost: 1 }, Infinity, 3_600_000)).toEqual({
    kind: 'deliver_again',
    afterMs: 0,
  })
  const error = { code: 'delivery_failed', message: 'no' } as const
  expect(nextPushStep(input, { kind: 'failed', error }, { ...NOTHING_YET, failed: 1 }, Infinity, 0)).toEqual({
    kind: 'fail',
    error,
  })
  expect(nextPushStep(input, { kind: 'failed', error }, { ...NOTHING_YET, failed: 1, lost: 1 }, Infinity, 0)).toEqual(
    unknown('"generate-report" was delivered once, and then no'),
  )
})
