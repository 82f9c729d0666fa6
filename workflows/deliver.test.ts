/** What an agent says of an attempt is JSON of a stranger: whatever it is, the workflow goes on with it. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonValue } from '../protocol/json.js'
import { afterCancel } from './after-cancel.js'
import { counted, isCanceled, nextStep, NOTHING_YET } from './attempt.js'
import { outcomeOf } from './deliver.js'
import { testInput } from './test-input.testsuite.js'

const input = testInput({ retry: { nonRetryableCodes: ['E_TABLE', '7'] } })

const odd = fc.oneof(fc.jsonValue(), fc.constant({ toString: 1, valueOf: 1 }))

/** JSON that has the fields which are looked at. */
const said = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      name: fc.jsonValue(),
      code: odd,
      retryable: fc.oneof(fc.boolean(), fc.jsonValue()),
      retryAfterMs: fc.jsonValue(),
      entered: fc.jsonValue(),
      stopped: fc.jsonValue(),
      attempts: odd,
      checkpoint: fc.jsonValue(),
      times: fc.oneof(fc.jsonValue(), fc.record({ queuedMs: odd, runMs: odd })),
    },
    { requiredKeys: [] },
  ),
)
const type = fc.oneof(fc.constantFrom('command_failed', 'unavailable', 'refused', 'timed_out', ''), fc.string())

test('a failure of any kind, with any details, comes to something', () => {
  fc.assert(
    fc.property(type, said, said, (type, details, heartbeat) => {
      const outcome = outcomeOf(ApplicationFailure.nonRetryable('no', type, details, heartbeat))
      if (outcome === undefined || isCanceled(outcome)) throw new Error('that is no failure')
      const count = counted(NOTHING_YET, outcome)
      expect(nextStep(input, outcome, count, Infinity, 0).kind).toMatch(/^(fail|deliver_again)$/)
      expect(afterCancel(input, {}, outcome, count, Infinity).step.kind).toBe('fail')
    }),
    { numRuns: 2_000 },
  )
})

test('times are what an agent says when they are times, and left out when not', () => {
  const timesIn = (times: unknown) => {
    const outcome = outcomeOf(ApplicationFailure.nonRetryable('no', 'command_failed', undefined, { times }))
    return outcome?.times
  }
  expect(timesIn({ queuedMs: 3, runMs: 40 })).toStrictEqual({ queuedMs: 3, runMs: 40 })
  for (const odd of [undefined, 7, { queuedMs: 3 }, { queuedMs: 3, runMs: -1 }, { queuedMs: '3', runMs: 1 }]) {
    expect(timesIn(odd)).toBeUndefined()
  }
})

test('a cancel with any details comes to something', () => {
  fc.assert(
    fc.property(fc.array(said, { maxLength: 2 }), (details) => {
      const outcome = outcomeOf(new CancelledFailure('canceled', details))
      if (outcome === undefined) throw new Error('that is a cancel')
      expect(afterCancel(input, {}, outcome, NOTHING_YET, Infinity).step.kind).toBe('fail')
    }),
    { numRuns: 2_000 },
  )
})

test('an error is final when its code or its name is listed', () => {
  const kindAfter = (details: JsonValue) =>
    nextStep(
      input,
      { kind: 'failed', error: { code: 'command_failed', message: 'no', details } },
      NOTHING_YET,
      Infinity,
    ).kind
  expect(kindAfter({ code: 'E_TABLE' })).toBe('fail')
  expect(kindAfter({ code: 7 })).toBe('fail')
  expect(kindAfter({ name: 'E_TABLE' })).toBe('fail')
  expect(kindAfter({ code: { toString: 1, valueOf: 1 } })).toBe('deliver_again')
})
