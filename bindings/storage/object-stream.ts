/** Between the streams of the clouds' SDKs and ours. */
import type { Readable } from 'node:stream'
import { BindingError } from '../binding-error.js'
import { toBindingError, type CloudOperation } from '../cloud-error.js'
import type { OpenedObject } from './storage-backend.js'

/** What the source of a body threw, to be told from what the cloud did: it is the handler's, and reaches it as it is. */
export class SourceError extends Error {
  constructor(cause: unknown) {
    super('the source of the content failed', { cause })
  }
}

/** The same chunks, each told to `onBytes`. @throws {SourceError} */
export async function* watchSource(
  body: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      onBytes(chunk.byteLength)
      yield chunk
    }
  } catch (error) {
    throw new SourceError(error)
  }
}

/** An SDK's stream as the body of an opened object. */
export function readBody(stream: Readable, operation: CloudOperation): Pick<OpenedObject, 'body' | 'close'> {
  // What it fails with after somebody stopped reading is of no interest.
  stream.on('error', () => undefined)
  return {
    body: chunksOf(stream, operation),
    close: () => {
      stream.destroy()
      return Promise.resolve()
    },
  }
}

async function* chunksOf(stream: Readable, operation: CloudOperation): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk as Uint8Array
  } catch (error) {
    throw toBindingError(operation, error)
  }
}

/** What a body throws when its version went away before it was read. @param where The object and its storage. */
export const replacedMeanwhile = (where: string): BindingError =>
  new BindingError('precondition_failed', `${where} was replaced or deleted since get; get it again`)
