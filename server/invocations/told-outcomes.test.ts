import { expect, test } from 'vitest'
import { succeededWith } from '../../protocol/invocation.js'
import { ToldOutcomes } from './told-outcomes.js'

test('each who listens is told, and nobody who listens to another or no longer', async () => {
  const told = new ToldOutcomes()
  const [first, second, other] = [told.listen('inv_a'), told.listen('inv_a'), told.listen('inv_b')]
  told.tell('inv_a', succeededWith(1))
  expect(await first.outcome).toStrictEqual({ status: 'succeeded', result: 1 })
  expect(await second.outcome).toStrictEqual({ status: 'succeeded', result: 1 })
  other[Symbol.dispose]()
  told.tell('inv_b', succeededWith(2))
  expect(told.isSettling('inv_b')).toBe(false)
})

test('an id settles only when somebody was told', () => {
  const told = new ToldOutcomes()
  told.tell('inv_a', succeededWith(1))
  expect(told.isSettling('inv_a')).toBe(false)
  told.listen('inv_a')
  told.tell('inv_a', succeededWith(1))
  expect(told.isSettling('inv_a')).toBe(true)
  expect(told.isSettling('inv_b')).toBe(false)
})
