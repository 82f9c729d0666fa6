import { describe, expect, test } from 'vitest'
import { Redactor } from './redact.js'

const PEM_LINES = ['MIIEvQIBADANBgkqhkiG9w0BAQ', 'EFAASCBKcwggSjAgEAAoIBAQ']
const PEM = `-----BEGIN PRIVATE KEY-----\r\n${PEM_LINES.join('\r\n')}\r\n-----END PRIVATE KEY-----\r\n`

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
    [
      '{"client_secret":"one-1","apiKey":"two-2","DB-PASSWORD":"three-3"}',
      'one-1 two-2 three-3',
      Array(3).fill('[redacted]').join(' '),
    ],
    ['{"connectionString":"Server=db;Pwd=hunter2"}', 'to Server=db;Pwd=hunter2', 'to [redacted]'],
    ['{"credentials":{"token":"one-1"},"tokens":["two-2"]}', 'one-1 two-2', '[redacted] [redacted]'],
    ['hunter2\n', 'the password hunter2 is wrong', 'the password [redacted] is wrong'],
    [PEM, `a line: ${PEM_LINES[0]}, and ${PEM_LINES[1]}`, 'a line: [redacted], and [redacted]'],
    [JSON.stringify({ private_key: PEM }), `${PEM_LINES[1]}`, '[redacted]'],
    [PEM, '-----BEGIN PRIVATE KEY-----', '-----BEGIN PRIVATE KEY-----'],
    [
      JSON.stringify({ host: 'db.acme.example', password: 'hunter2' }, null, 2),
      '"host": "db.acme.example"',
      '"host": "db.acme.example"',
    ],
    ['abc', 'abc is too short', 'abc is too short'],
  ])('without %j: %s', (secret, text, redacted) => {
    expect(new Redactor([secret]).text(text)).toBe(redacted)
  })

  test.each<[object, string]>([
    [{ connectionTimeoutMillis: 5000, maxKeys: 1000 }, 'order 15000 shipped, 1000 left'],
    [{ connection: { host: 'localhost', user: 'reader', database: 'users' } }, 'reader of users at localhost'],
    [{ secret: { region: 'us-east-1', accounts: ['acme'] }, monkey: 'banana' }, 'acme in us-east-1: banana'],
    [{ url: 'https://api.acme.example', password: 'hunter2' }, 'https://api.acme.example/orders/5'],
  ])('what beside a secret stands in %j stays', (secret, text) => {
    expect(new Redactor([JSON.stringify(secret)]).text(text)).toBe(text)
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
      '[redacted]': ['x [redacted]', 123456, 1234567, true, null, '[redacted]'],
      b: { c: 'clean' },
    }
    expect(redactor.json(value)).toEqual(redacted)
    expect(JSON.parse(redactor.jsonText(JSON.stringify(value)))).toEqual(redacted)
  })

  test('without a secret in it is the same text', () => {
    expect(redactor.jsonText('{ "a" : 1 }')).toBe('{ "a" : 1 }')
  })
})
