/** Between the streams of the clouds' SDKs and ours. */
import type { Readable } from 'node:stream'
import { BindingError } from '../binding-error.js'
import { toBindingError, type CloudOperation } from '../cloud-error.js'
import type { OpenedObject } from './storage-backend.js'

/**
 * A download of which nothing comes for so long has lost its connection. SDKs do not always notice: Google's waits for
 * ever when an answer with a `content-length` ends too early, and all of them do when nobody says that the link is gone.
 */
export const STALLED_MS = 30_000

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
    body: translated(stream, operation),
    close: () => {
      stream.destroy()
      return Promise.resolve()
    },
  }
}

async function* translated(stream: Readable, operation: CloudOperation): AsyncGenerator<Uint8Array> {
  try {
    yield* chunksOf(stream)
  } catch (error) {
    throw toBindingError(operation, error)
  }
}

/** The chunks of an SDK's stream, which is destroyed in the end. @throws `ETIMEDOUT` when it has stalled */
export async function* chunksOf(stream: Readable): AsyncGenerator<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>
  const giveUp = (): unknown => stream.destroy(Object.assign(new Error('the download stalled'), { code: 'ETIMEDOUT' }))
  try {
    for (;;) {
      // While we wait for it, and not while our reader makes us wait.
      const stalled = setTimeout(giveUp, STALLED_MS)
      const { done, value } = await chunks.next().finally(() => clearTimeout(stalled))
      if (done === true) return
      yield value
    }
  } finally {
    stream.destroy()
  }
}

/** What a body throws when its version went away before it was read. @param where The object and its storage. */
export const replacedMeanwhile = (where: string): BindingError =>
  new BindingError('precondition_failed', `${where} was replaced or deleted since get; get it again`)
