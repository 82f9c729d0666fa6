import { expect, test } from 'vitest'
import { compare, takeTurns, TURNS, CALLS_A_TURN } from './turns.js'

test('every lane gets as many calls, in turns', async () => {
  const order: string[] = []
  const lane = (name: string) => ({ name, call: () => Promise.resolve(order.push(name)) })
  const turns = await takeTurns([lane('a'), lane('b')], () => undefined)
  for (const name of ['a', 'b']) {
    expect(turns.get(name)).toHaveLength(TURNS)
    expect(turns.get(name)?.every((turn) => turn.length === CALLS_A_TURN)).toBe(true)
  }
  for (let at = 0; at < order.length; at += 2 * CALLS_A_TURN) {
    const both = order.slice(at, at + 2 * CALLS_A_TURN)
    expect(both.filter((name) => name === 'a')).toHaveLength(CALLS_A_TURN)
  }
})

test('a lane is compared with another by the medians of all calls, and turns that are noisy are so for both', () => {
  const base = [10, 20, 40].map((ms) => [ms, ms])
  const slower = [11, 22, 44].map((ms) => [ms, ms])
  const { p50Ms, ratio, spread } = compare(slower, base)
  expect(p50Ms).toBe(22)
  for (const each of [ratio, ...spread]) expect(each).toBeCloseTo(1.1)
})
