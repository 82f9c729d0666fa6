import { describe, expect, test } from 'vitest'
import { isResultValue, RESULT_VALUE } from '../../protocol/result-value.js'
import { StoredObject } from './stored-object.js'

interface Content {
  readonly bytes: Uint8Array | string
  readonly contentType?: string
  /** What the metadata say, if not the truth. */
  readonly size?: number
}

function storedObject({ bytes, contentType, size }: Content): { object: StoredObject; opened: () => number } {
  const content = Buffer.from(bytes)
  let count = 0
  const metadata = {
    key: 'a',
    size: size ?? content.length,
    etag: 'e1',
    lastModified: '2025-01-01T00:00:00.000Z',
    ...(contentType === undefined ? {} : { contentType }),
  }
  const object = new StoredObject('object "a" in storage "w"', metadata, () => {
    count++
    return [content]
  })
  return { object, opened: () => count }
}

describe('as a result', () => {
  test.each([
    ['text', 'text/plain', 'text'],
    ['{"a":1}', 'application/json', '{"a":1}'],
    ['grüße', undefined, 'grüße'],
    ['text', 'image/png', { $bytes: 'dGV4dA==' }],
    ['a\0', undefined, { $bytes: 'YQA=' }],
  ])('%j of type %s is %j', async (bytes, contentType, value) => {
    const { object } = storedObject({ bytes, ...(contentType === undefined ? {} : { contentType }) })
    expect(isResultValue(object)).toBe(true)
    expect(await object[RESULT_VALUE](100)).toEqual(value)
  })

  const tooLarge = (size: number, maxBytes: number): object => ({
    name: 'CommandError',
    code: 'payload_too_large',
    message: `object "a" in storage "w" has ${size} bytes, too many for a result of at most ${maxBytes} bytes as JSON; return a part of it`,
    details: { side: 'result', bytes: size, maxBytes },
  })

  test('over the limit is refused without opening it', async () => {
    const { object, opened } = storedObject({ bytes: 'x', size: 101 })
    await expect(object[RESULT_VALUE](100)).rejects.toMatchObject(tooLarge(101, 100))
    expect(opened()).toBe(0)
  })

  test.each([
    ['quotes', 'x'.repeat(98), 'x'.repeat(99)],
    ['escapes', '"'.repeat(49), '"'.repeat(50)],
    ['base64', Buffer.alloc(63), Buffer.alloc(64)],
  ])('the limit is for the JSON, %s included', async (_, fits, exceeds) => {
    const json = await storedObject({ bytes: fits }).object[RESULT_VALUE](100)
    expect(JSON.stringify(json).length).toBeLessThanOrEqual(100)
    await expect(storedObject({ bytes: exceeds }).object[RESULT_VALUE](100)).rejects.toMatchObject(
      tooLarge(exceeds.length, 100),
    )
  })
})

describe('reading', () => {
  test('text keeps a byte order mark and replaces what is no UTF-8', async () => {
    expect(await storedObject({ bytes: '\uFEFFa' }).object.text()).toBe('\uFEFFa')
    expect(await storedObject({ bytes: Uint8Array.from([0x61, 0xff]) }).object.text()).toBe('a\uFFFD')
  })

  test('json skips a byte order mark', async () => {
    expect(await storedObject({ bytes: '\uFEFF{"a":1}' }).object.json()).toEqual({ a: 1 })
  })

  test('json of something else is an error that does not quote it', async () => {
    const error: unknown = await storedObject({ bytes: 'secret' })
      .object.json()
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'invalid_content', message: 'object "a" in storage "w" is not JSON' })
    expect(error).not.toHaveProperty('cause')
  })

  test('as JSON inside another result it is its metadata', () => {
    const { object } = storedObject({ bytes: 'abc', contentType: 'text/plain' })
    expect(JSON.parse(JSON.stringify({ object }))).toEqual({
      object: { key: 'a', size: 3, contentType: 'text/plain', etag: 'e1', lastModified: '2025-01-01T00:00:00.000Z' },
    })
  })
})
