/** What users may store, as the bytes that backends take; and the way back. */
import { isUint8Array } from 'node:util/types'
import type { ReadableStream } from 'node:stream/web'
import { BindingError } from '../binding-error.js'
import { quote } from '../../protocol/resource-name.js'
import type { ObjectBody } from './storage-backend.js'

export type ObjectContent =
  string | Uint8Array | ReadableStream<string | Uint8Array> | AsyncIterable<string | Uint8Array>

/**
 * @param where The object and its storage, for messages.
 * @throws {BindingError} `invalid_value` when `content` is none of these; while iterating, when a chunk is neither.
 */
export function toBody(where: string, content: unknown): ObjectBody {
  if (typeof content === 'string') return Buffer.from(content)
  if (isUint8Array(content)) return content
  if (isAsyncIterable(content)) return toBytes(where, content)
  throw new BindingError(
    'invalid_value',
    `${where}: content must be a string, bytes or a stream of them, got ${quoteKind(content)}; use putJson for other values`,
  )
}

async function* toBytes(where: string, chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') yield Buffer.from(chunk)
    else if (isUint8Array(chunk)) yield chunk
    else {
      const problem = `a chunk of the content must be a string or bytes, got ${quoteKind(chunk)}`
      throw new BindingError('invalid_value', `${where}: ${problem}`)
    }
  }
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

/** Contents stay out of messages: of a number, only that it is one. */
const quoteKind = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' || typeof value === 'symbol'
    ? `a ${typeof value}`
    : quote(value)

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** All chunks as one. */
export async function collect(chunks: Chunks): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

/** Types whose bytes are text: `text/*`, JSON, XML, YAML, JavaScript, and every `+json`, `+xml` and `+yaml`. */
const TEXT_TYPE =
  /^(text\/.*|.+\/.+\+(json|xml|yaml)|application\/(json|xml|yaml|x-yaml|javascript|x-ndjson|jsonl|sql))$/

const isTextType = (contentType: string): boolean =>
  TEXT_TYPE.test(contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '')

/** `ignoreBOM` keeps a byte order mark in the text, so that reading and writing back changes nothing. */
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenientUtf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** UTF-8 as text; what is not UTF-8 becomes U+FFFD, as in `fetch`. */
export const decodeText = (bytes: Uint8Array): string => lenientUtf8.decode(bytes)

/** The bytes as text when they are text: by their type or, without one, by having no NUL; and valid UTF-8 always. */
export function textOf(bytes: Uint8Array, contentType: string | undefined): string | undefined {
  if (contentType === undefined ? bytes.includes(0) : !isTextType(contentType)) return undefined
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined
  }
}
