import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Redactor } from './redact.js'

describe('text', () => {
  test.each<[string, string, string]>([
    ['hunter2', 'the password hunter2 is wrong', 'the password [redacted] is wrong'],
    ['hunter2', 'hunter2hunter2', '[redacted][redacted]'],
    ['a"b\\c\nd', 'say "a\\"b\\\\c\\nd"', 'say "[redacted]"'],
    ['a"b\\c', JSON.stringify(JSON.stringify('a"b\\c')), '"\\"[redacted]\\""'],
    ['$1.*', '[$1.*]', '[[redacted]]'],
    ['postgres://u:p%40ss@host/db', 'login failed with p@ss', 'login failed with [redacted]'],
    ['postgres://u:p%40ss@host/db', 'login failed with p%40ss', 'login failed with [redacted]'],
    ['{"user":"app","password":"hunter2"}', 'app cannot log in with hunter2', 'app cannot log in with [redacted]'],
    ['{"keys":["one-key","two-key"]}', 'two-key, one-key', '[redacted], [redacted]'],
    ['{"connectionString":"postgres://u:pass-1@h/db"}', 'pass-1 at h', '[redacted] at h'],
    ['{"a":{"url":"amqp://u:pass-2@h"}}', 'pass-2', '[redacted]'],
    ['{"pin":1,"token":987654}', 'pin 1, token 987654', 'pin 1, token [redacted]'],
    ['abc', 'abc is too short', 'abc is too short'],
  ])('without %j: %s', (secret, text, redacted) => {
    expect(new Redactor([secret]).text(text)).toBe(redacted)
  })

  test('of two secrets that begin alike, the longer is found', () => {
    expect(new Redactor(['abcd', 'abcdef']).text('abcdef abcd')).toBe('[redacted] [redacted]')
  })

  test('without secrets stays as it is', () => {
    const redactor = new Redactor([])
    expect(redactor.isEmpty).toBe(true)
    expect(redactor.text('text')).toBe('text')
  })
})

describe('JSON', () => {
  const redactor = new Redactor(['hunter2', '123456', '"},{"', 'true'])

  test('is redacted in values and names, and stays JSON', () => {
    const value = { hunter2: ['x hunter2', 123456, 1234567, true, null, '"},{"'], b: { c: 'clean' } }
    const redacted = {
      '[redacted]': ['x [redacted]', '[redacted]', 1234567, true, null, '[redacted]'],
      b: { c: 'clean' },
    }
    expect(redactor.json(value)).toEqual(redacted)
    expect(JSON.parse(redactor.jsonText(JSON.stringify(value)))).toEqual(redacted)
  })

  test('without a secret in it is the same text', () => {
    expect(redactor.jsonText('{ "a" : 1 }')).toBe('{ "a" : 1 }')
  })
})

describe('a stream', () => {
  const throughStream = (redactor: Redactor, chunks: readonly string[]): string => {
    const stream = redactor.stream()
    return chunks.map((chunk) => stream.write(chunk)).join('') + stream.end()
  }

  test('finds a secret across chunks', () => {
    expect(throughStream(new Redactor(['hunter2']), ['a hun', 'te', 'r2 b', ' hunt'])).toBe('a [redacted] b hunt')
  })

  test('lets go at once what cannot be the beginning of a secret', () => {
    const stream = new Redactor(['hunter2']).stream()
    expect(stream.write('progress 50%')).toBe('progress 50%')
    expect(stream.write(' h')).toBe(' ')
    expect(stream.end()).toBe('h')
  })

  test('waits for the longer of two secrets that begin alike', () => {
    expect(throughStream(new Redactor(['abcd', 'abcdef']), ['xabcd', 'ef', 'abcd'])).toBe('x[redacted][redacted]')
  })

  test('says the same as the whole text, however it is cut', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '"'), { minLength: 4, maxLength: 6 }).map((all) => all.join(''))
    const text = fc.array(fc.constantFrom('a', 'b', '"', '\\', 'x'), { maxLength: 40 }).map((all) => all.join(''))
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 3 }),
        fc.array(text, { maxLength: 6 }),
        (secrets, chunks) => {
          const redactor = new Redactor(secrets)
          expect(throughStream(redactor, chunks)).toBe(redactor.text(chunks.join('')))
        },
      ),
      { numRuns: 5_000 },
    )
  })
})
