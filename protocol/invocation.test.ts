import { expect, test } from 'vitest'
import { INVOCATION_STATUSES } from './invocation.js'

test('the statuses that users see', () => {
  expect(INVOCATION_STATUSES).toEqual(['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'])
})
