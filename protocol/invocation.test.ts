import { expect, test } from 'vitest'
import { INVOCATION_STATUSES, isFinal } from './invocation.js'

test('the statuses that users see', () => {
  expect(INVOCATION_STATUSES).toEqual(['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'])
})

test.each([
  ['queued', false],
  ['running', false],
  ['succeeded', true],
  ['failed', true],
  ['canceled', true],
  ['expired', true],
] as const)('%s is final: %j', (status, expected) => {
  expect(isFinal({ status })).toBe(expected)
})
