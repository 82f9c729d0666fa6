import { expect, test } from 'vitest'
import { Receiving } from './receiving.js'

/** Enters so many and gives which have started, and how to leave. */
function enterAll(receiving: Receiving, deploymentId: string, count: number) {
  const started: number[] = []
  const leave = Array.from({ length: count }, (_, at) => receiving.enter(deploymentId, () => started.push(at)))
  return { started, leave }
}

test('16 messages of a deployment come in at once, the next when one of them is in', () => {
  const { started, leave } = enterAll(new Receiving(), 'dep_a', 18)
  expect(started).toHaveLength(16)
  leave[3]?.()
  expect(started.slice(16)).toStrictEqual([16])
  leave[3]?.()
  expect(started).toHaveLength(17)
})

test('beyond 500 that wait, none is let in, and there is room again when one came in', () => {
  const receiving = new Receiving()
  const { leave } = enterAll(receiving, 'dep_a', 517)
  expect(leave.map((each) => each !== undefined)).toEqual([...new Array<boolean>(516).fill(true), false])
  leave[0]?.()
  expect(receiving.enter('dep_a', () => undefined)).toBeDefined()
})

test('one deployment does not hold up another', () => {
  const receiving = new Receiving()
  enterAll(receiving, 'dep_a', 30)
  expect(enterAll(receiving, 'dep_b', 1).started).toStrictEqual([0])
})

test('one that was given up while it waited is never started', () => {
  const { started, leave } = enterAll(new Receiving(), 'dep_a', 18)
  leave[16]?.()
  leave[0]?.()
  expect(started.slice(16)).toStrictEqual([17])
})
