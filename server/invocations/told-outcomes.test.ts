import { expect, test } from 'vitest'
import { succeededWith } from '../../protocol/invocation.js'
import { ToldOutcomes } from './told-outcomes.js'

const forever = new AbortController().signal

test('each who listens is told, and nobody who listens to another', async () => {
  const told = new ToldOutcomes()
  const gone = new AbortController()
  const [first, second, other] = [
    told.next('inv_a', forever),
    told.next('inv_a', forever),
    told.next('inv_b', gone.signal),
  ]
  told.tell('inv_a', succeededWith(1))
  expect(await first).toStrictEqual({ status: 'succeeded', result: 1 })
  expect(await second).toStrictEqual({ status: 'succeeded', result: 1 })
  gone.abort()
  expect(await other).toBeUndefined()
})

test('an id settles only when somebody was told', () => {
  const told = new ToldOutcomes()
  told.tell('inv_a', succeededWith(1))
  expect(told.isSettling('inv_a')).toBe(false)
  void told.next('inv_a', forever)
  told.tell('inv_a', succeededWith(1))
  expect(told.isSettling('inv_a')).toBe(true)
  expect(told.isSettling('inv_b')).toBe(false)
})
