import { describe, expect, test } from 'vitest'
import { collect, textOf, toBody } from './object-content.js'

const utf8 = (text: string): Uint8Array => Buffer.from(text)
const LATIN_1 = Uint8Array.from([0x67, 0x72, 0xfc, 0xdf, 0x65])

describe('what counts as text', () => {
  test.each([
    [utf8('grüße'), undefined, 'grüße'],
    [utf8(''), undefined, ''],
    [utf8('\uFEFFbom'), undefined, '\uFEFFbom'],
    [utf8('a\0b'), undefined, undefined],
    [LATIN_1, undefined, undefined],
    [utf8('a\0b'), 'text/plain', 'a\0b'],
    [utf8('<p>'), 'TEXT/HTML; charset=utf-8', '<p>'],
    [LATIN_1, 'text/plain; charset=iso-8859-1', undefined],
    [utf8('{}'), 'application/json', '{}'],
    [utf8('{}'), 'application/problem+json', '{}'],
    [utf8('<a/>'), 'application/xml', '<a/>'],
    [utf8('<a/>'), 'application/atom+xml', '<a/>'],
    [utf8('a: 1'), 'application/yaml', 'a: 1'],
    [utf8('<svg/>'), 'image/svg+xml', '<svg/>'],
    [utf8('text'), 'application/octet-stream', undefined],
    [utf8('text'), 'image/png', undefined],
    [utf8('text'), 'application/jsonp', undefined],
  ])('%o as %s', (bytes, contentType, text) => {
    expect(textOf(bytes, contentType)).toBe(text)
  })
})

describe('what can be stored', () => {
  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [7, 'a number'],
    [true, 'a boolean'],
    [{ secret: 1 }, 'an object'],
    [['a'], 'an array'],
    [new ArrayBuffer(1), 'an object'],
    [() => 'a', 'a function'],
  ])('%o cannot', (content, kind) => {
    expect(() => toBody('object "a" in storage "w"', content)).toThrow(
      expect.objectContaining({
        code: 'invalid_value',
        message: `object "a" in storage "w": content must be a string, bytes or a stream of them, got ${kind}; use putJson for other values`,
      }),
    )
  })

  test('a stream of other things cannot', async () => {
    const body = toBody(
      'object "a" in storage "w"',
      (async function* () {
        yield await Promise.resolve('text')
        yield 7
      })(),
    )
    await expect(collect(body as AsyncIterable<Uint8Array>)).rejects.toMatchObject({
      code: 'invalid_value',
      message: 'object "a" in storage "w": a chunk of the content must be a string or bytes, got a number',
    })
  })

  test('bytes are taken as they are, text as UTF-8', () => {
    expect(toBody('w', LATIN_1)).toBe(LATIN_1)
    expect(toBody('w', 'ü')).toEqual(Buffer.from([0xc3, 0xbc]))
  })
})
