import { expect, test } from 'vitest'
import { Guesses } from './guesses.js'

/** How many it has at once. */
const left = (guesses: Guesses, address: string): number => {
  let count = 0
  while (count < 1_000 && guesses.count(address)) count += 1
  return count
}

/** None comes back while a test runs. */
const SLOW = 1 / 1_000

test('an address has as many as its bucket holds, and another has its own', () => {
  const guesses = new Guesses(SLOW)
  expect(left(guesses, '203.0.113.1')).toBe(1)
  expect(left(guesses, '203.0.113.1')).toBe(0)
  expect(left(guesses, '203.0.113.2')).toBe(1)
})

test('one that was none does not count', () => {
  const guesses = new Guesses(SLOW)
  guesses.count('203.0.113.1')
  guesses.uncount('203.0.113.1')
  expect(left(guesses, '203.0.113.1')).toBe(1)
})

test.each([
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9'],
  ['2001:db8::1', '2001:db8::2:3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
])('the addresses %s and %s are of one network', (one, other) => {
  const guesses = new Guesses(SLOW)
  expect(left(guesses, one)).toBe(1)
  expect(left(guesses, other)).toBe(0)
})

test.each([
  ['2001:db8:1:2::1', '2001:db8:1:3::1'],
  ['2001:db8:0:1::1', '2001:db8::1'],
  ['::ffff:203.0.113.1', '::ffff:203.0.113.2'],
  ['::1', 'fe80::1'],
])('the addresses %s and %s are not', (one, other) => {
  const guesses = new Guesses(SLOW)
  expect(left(guesses, one)).toBe(1)
  expect(left(guesses, other)).toBe(1)
})

test('there is no limit for 0', () => {
  expect(left(new Guesses(0), '203.0.113.1')).toBe(1_000)
})
