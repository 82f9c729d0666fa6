import { expect, test } from 'vitest'
import { progressOf } from './progress-of.js'

test.each([[{}], [{ done: 0 }], [{ done: 3, total: 3 }], [{ total: 0.5 }], [{ message: 'm'.repeat(1_000) }]])(
  '%j is a report, of which a copy is kept',
  (report) => {
    expect(progressOf('migrate', report)).toEqual(report)
    expect(progressOf('migrate', report)).not.toBe(report)
  },
)

test('fields that are undefined are left out', () => {
  expect(progressOf('migrate', { done: 1, total: undefined, message: undefined })).toStrictEqual({ done: 1 })
})

test.each<[unknown, string]>([
  [undefined, 'must be an object with done, total or message'],
  [50, 'must be an object with done, total or message'],
  [[1], 'must be an object with done, total or message'],
  [{ percent: 50 }, 'has "percent"; it may have done, total and message'],
  [{ done: NaN }, 'has NaN as done; it must be a finite number, 0 or more'],
  [{ total: Infinity }, 'has Infinity as total; it must be a finite number, 0 or more'],
  [{ done: -1 }, 'has -1 as done; it must be a finite number, 0 or more'],
  [{ done: 1n }, 'has a bigint as done; it must be a finite number, 0 or more'],
  [{ done: '3' }, 'has a string as done; it must be a finite number, 0 or more'],
  [{ done: 4, total: 3 }, 'has 4 done of a total of 3; done must not be more'],
  [{ message: () => 'm' }, 'has a function as message; it must be text'],
])('%o is none', (report, why) => {
  expect(() => progressOf('migrate', report)).toThrow(
    expect.objectContaining({ code: 'invalid_request', message: `the progress of "migrate" ${why}` }),
  )
})

test('a message has a limit', () => {
  expect(() => progressOf('migrate', { message: 'm'.repeat(70_000) })).toThrow(
    expect.objectContaining({
      code: 'payload_too_large',
      message: 'the progress of "migrate" has a message of 70000 characters, the limit is 1000; say less, or log it',
    }),
  )
})
