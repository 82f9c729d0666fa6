/** An object too large for memory, through the streams of a storage. Also what the bench measures. */
import { createHash, randomBytes } from 'node:crypto'
import type { Storage } from './storage.js'

const CHUNK_BYTES = 1024 ** 2
const LOOK_EVERY_MS = 20

export interface LargeObjectFigures {
  readonly bytes: number
  /** Of this process's resident memory. */
  readonly greatestGrowthMb: number
  /** By SHA-256 of what was put and what was got. */
  readonly isEqual: boolean
}

export async function streamThrough(storage: Storage, bytes: number): Promise<LargeObjectFigures> {
  const chunk = randomBytes(CHUNK_BYTES)
  const [written, read] = [createHash('sha256'), createHash('sha256')]
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) {
      chunk.writeUInt32BE(sent / CHUNK_BYTES)
      written.update(chunk)
      // A copy: who takes it may not be done with it when the next one is asked for.
      yield await Promise.resolve(Buffer.from(chunk))
    }
  }
  const startBytes = process.memoryUsage().rss
  let greatestBytes = startBytes
  const look = setInterval(() => (greatestBytes = Math.max(greatestBytes, process.memoryUsage().rss)), LOOK_EVERY_MS)
  try {
    await storage.put('large', source())
    for await (const part of (await storage.get('large')).stream()) read.update(part)
  } finally {
    clearInterval(look)
  }
  return {
    bytes,
    greatestGrowthMb: Math.round((greatestBytes - startBytes) / 1024 ** 2),
    isEqual: written.digest('hex') === read.digest('hex'),
  }
}
