import { describe, expect, test } from 'vitest'
import { attemptHeartbeatSchema, attemptResponseSchema } from './attempt-response.js'
import { describeIssues } from './issues.js'

describe('a response', () => {
  test.each([
    { attempt: 1, status: 'succeeded', result: { rowCount: 3 } },
    ...[null, 0, false, '', []].map((result) => ({ attempt: 1, status: 'succeeded', result })),
    { attempt: 2, status: 'failed', error: { code: 'command_failed', message: 'no', details: { code: 'E_DISK' } } },
    { attempt: 2, status: 'failed', error: { code: 'timed_out', message: 'no' }, checkpoint: { row: 7 } },
    { attempt: 3, status: 'canceled', stopped: true, entered: true },
    { attempt: 1, status: 'succeeded', result: 1, events: { first: 4, events: [{ type: 'finished' }] } },
  ])('%j', (body) => {
    expect(attemptResponseSchema.parse(body)).toEqual(body)
  })

  test.each<[object, string]>([
    [{ status: 'succeeded', result: 1 }, 'attempt: Invalid input: expected number, received undefined'],
    [{ attempt: 1, status: 'succeeded' }, 'result: is missing'],
    [
      { attempt: 1, status: 'done' },
      "status: Invalid discriminator value. Expected 'succeeded' | 'failed' | 'canceled'",
    ],
    [{ attempt: 1, status: 'succeeded', result: 1, extra: 1 }, 'Unrecognized key: "extra"'],
    [{ attempt: 1, status: 'canceled', entered: true }, 'stopped: Invalid input: expected boolean, received undefined'],
  ])('not %j', (body, problem) => {
    const { error } = attemptResponseSchema.safeParse(body)
    expect(error && describeIssues(error)).toContain(problem)
  })

  test('with a code of the table only', () => {
    const body = { attempt: 1, status: 'failed', error: { code: 'oops', message: 'no' } }
    expect(attemptResponseSchema.safeParse(body).success).toBe(false)
  })
})

test('a heartbeat may say how far its handler is', () => {
  const body = { attempt: 1, progress: { done: 1, total: 2 }, checkpoint: [1] }
  expect(attemptHeartbeatSchema.parse(body)).toEqual(body)
  expect(attemptHeartbeatSchema.safeParse({ attempt: 1, progress: { done: -1 } }).success).toBe(false)
})
