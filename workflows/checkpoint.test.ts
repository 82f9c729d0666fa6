import { expect, test } from 'vitest'
import { checkpointOf } from './checkpoint.js'

test.each([null, 0, false, '', { at: 7 }])('%j is found, with progress or without', (checkpoint) => {
  expect(checkpointOf({ checkpoint })).toEqual(checkpoint)
  expect(checkpointOf({ progress: { done: 1 }, checkpoint })).toEqual(checkpoint)
})

test.each([undefined, null, 5, 'text', [1], {}, { progress: { done: 1 } }])('in %j is none', (details) => {
  expect(checkpointOf(details)).toBeUndefined()
})

test('one over the limit is left, however it is counted', () => {
  expect(checkpointOf({ checkpoint: 'x'.repeat(63_998) })).toHaveLength(63_998)
  expect(checkpointOf({ checkpoint: 'x'.repeat(63_999) })).toBeUndefined()
  expect(checkpointOf({ checkpoint: '€'.repeat(21_400) })).toBeUndefined()
})
