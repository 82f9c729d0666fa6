/** Bytes that are not what they seem. */
import { gzipSync } from 'node:zlib'

/** Copies of which one bit is another, of each byte in turn. */
export const flipped = (bytes: Uint8Array): Uint8Array[] =>
  Array.from(bytes, (_, at) => {
    const copy = Uint8Array.from(bytes)
    copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8))
    return copy
  })

/** As far as it goes in one member: gzip takes them one after the other. */
const MEMBER_BYTES = 64 * 1024 * 1024

/** About a thousandth of what it inflates to. */
export function gzipBomb(inflatedBytes: number, fill: number | string = 0): Buffer {
  const member = gzipSync(Buffer.alloc(MEMBER_BYTES, fill))
  return Buffer.concat(Array<Buffer>(Math.ceil(inflatedBytes / MEMBER_BYTES)).fill(member))
}
