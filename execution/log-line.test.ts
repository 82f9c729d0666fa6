import { expect, test } from 'vitest'
import { logLine } from './log-line.js'

const time = expect.stringMatching(/^\d{4}-.*Z$/) as string

test('a line has its level, its text and its fields', () => {
  expect(logLine('warn', 'slow', { table: 'orders', rows: [1] }).event).toStrictEqual({
    type: 'log',
    at: time,
    level: 'warn',
    message: 'slow',
    fields: { table: 'orders', rows: [1] },
  })
  expect(logLine('info', 'done', undefined).event).toStrictEqual({
    type: 'log',
    at: time,
    level: 'info',
    message: 'done',
  })
})

test('what is no text becomes one', () => {
  expect(logLine('info', 5, undefined).event.message).toBe('5')
})

test('8 KB fit, whatever the letters; what is longer is cut between letters, and says so', () => {
  expect(logLine('info', 'ü'.repeat(4_096), undefined).event.message).toBe('ü'.repeat(4_096))
  expect(logLine('info', `a${'ü'.repeat(4_096)}`, undefined).event.message).toBe(
    `a${'ü'.repeat(4_095)}… [cut: 8193 bytes]`,
  )
})

test.each<[string, unknown, string]>([
  ['too large', { text: 'x'.repeat(9_000) }, 'too large'],
  ['of values that are no JSON', { size: 1n }, 'not JSON'],
  ['that are a list', [1], 'not JSON'],
  ['that are text', 'text', 'not JSON'],
])('fields %s are left out, and the line says so', (_name, fields, why) => {
  const { event } = logLine('info', 'done', fields as Record<string, unknown>)
  expect(event).toStrictEqual({ type: 'log', at: time, level: 'info', message: `done [fields left out: ${why}]` })
})
