import { expect, test } from 'vitest'
import { MemoryJournal } from './memory-journal.js'

const MAX_STARTED = 10_000

const keyOf = (n: number) => ({ workflowRunId: `run-${n}`, run: 1 })
const attempt = { attempt: 1 }

/** With as many runs that never ended as it keeps. */
function full(): MemoryJournal {
  const journal = new MemoryJournal()
  for (let n = 0; n < MAX_STARTED; n += 1) journal.begin(keyOf(n), attempt)
  return journal
}

test('of runs that never end, those that were begun last are known', () => {
  const journal = full()
  journal.begin(keyOf(0), { attempt: 2 })
  expect(journal.find(keyOf(1))).toMatchObject({ state: 'started', attempt: 1 })
  journal.begin(keyOf(MAX_STARTED), attempt)
  expect(journal.find(keyOf(1))).toBeUndefined()
  expect(journal.find(keyOf(0))).toMatchObject({ state: 'started', attempt: 2 })
  expect(journal.find(keyOf(MAX_STARTED))).toMatchObject({ state: 'started' })
})

test('one that ends makes room, and what it came to is known, however many were begun meanwhile', () => {
  const journal = full()
  journal.end(keyOf(7), { kind: 'succeeded', text: '7' })
  journal.begin(keyOf(MAX_STARTED), attempt)
  expect(journal.find(keyOf(0))).toMatchObject({ state: 'started' })
  journal.begin(keyOf(MAX_STARTED + 1), attempt)
  journal.end(keyOf(0), { kind: 'succeeded', text: '0' })
  expect(journal.find(keyOf(0))).toStrictEqual({ state: 'finished', outcome: { kind: 'succeeded', text: '0' } })
})
