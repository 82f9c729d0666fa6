import { expect, test } from 'vitest'
import { quote, resourceNameProblem } from './resource-name.js'

test.each(['a', '0', 'agent', 'my-agent-2', 'a-', 'x'.repeat(63)])('%s is a name', (name) => {
  expect(resourceNameProblem('function', name)).toBeUndefined()
})

const names: readonly unknown[] = [
  '',
  '-a',
  'A',
  'aB',
  'a_b',
  'a.b',
  'a/b',
  '../a',
  'a b',
  'ä',
  'a\n',
  'x'.repeat(64),
  7,
]

test.each(names)('%j is none', (name) => {
  expect(resourceNameProblem('function', name)).toBe(
    `function name ${JSON.stringify(name)} must be 1 to 63 lower-case letters, digits or "-", and start with a letter or digit`,
  )
})

test.each<[unknown, string]>([
  ['a\n"b"', '"a\\n\\"b\\""'],
  ['x'.repeat(120), `"${'x'.repeat(120)}"`],
  ['x'.repeat(121), `"${'x'.repeat(120)}…"`],
  [undefined, 'undefined'],
  [null, 'null'],
  [7, '7'],
  [{ password: 'hunter2' }, 'an object'],
  [['hunter2'], 'an array'],
  [() => 'hunter2', 'a function'],
  [Symbol('s'), 'Symbol(s)'],
])('%o is quoted as %s', (value, quoted) => {
  expect(quote(value)).toBe(quoted)
})
