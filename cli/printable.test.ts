import { expect, test } from 'vitest'
import { table } from './console.js'
import { printable, printableJson, printableLine } from './printable.js'

test('keeps what people write, in any language', () => {
  const text = 'naïve 日本語 שלום 🚀\n\tindented\u200d'
  expect(printable(text)).toBe(text)
})

test.each(['\u0000', '\b', '\r', '\u001b', '\u007f', '\u0085', '\u009b', '\u202e', '\u2066'])(
  'shows %j as a mark',
  (bad) => {
    expect(printable(`a${bad}b`)).toBe('a\ufffdb')
  },
)

test('a line stays one', () => {
  expect(printableLine('a\nb\tc')).toBe('a b c')
})

test('JSON says the same with escapes', () => {
  const value = { key: ['\u001b[2J\u009b\u202e'] }
  expect(printableJson(value)).toBe(String.raw`{"key":["\u001b[2J\u009b\u202e"]}`)
  expect(JSON.parse(printableJson(value, 2))).toEqual(value)
})

test('the cells of a table are lines', () => {
  expect(table(['HOST'], [['a\n\u001b[2J']])).toContain('\na \ufffd[2J')
})
