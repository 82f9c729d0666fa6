import { expect, test } from 'vitest'
import { pollsWithin } from './agent-worker.js'

test.each([
  [20, 2],
  [2, 2],
  [1, 1],
])('where an agent may hold %i polls, it holds %i', (polls, held) => {
  expect(pollsWithin({ polls })).toBe(held)
})
