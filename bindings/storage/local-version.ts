/** What identifies one version of a file. */
import type { BigIntStats } from 'node:fs'

/**
 * From inode, size and modification time, not from a hash of the content: `head` and `list` need not read the object,
 * and a file that another program changed gets another etag, too. Every write makes a new file, so the inode changes;
 * and since a freed inode may come back at once, `nextModifiedAt` never gives two files of a process the same time.
 */
export const etagOf = (stats: BigIntStats): string =>
  [stats.ino, stats.size, stats.mtimeNs].map((number) => number.toString(36)).join('-')

let lastMicroseconds = 0

/** Now, in seconds, but at least one microsecond after the last answer. */
export function nextModifiedAt(): number {
  lastMicroseconds = Math.max(Date.now() * 1000, lastMicroseconds + 1)
  return lastMicroseconds / 1_000_000
}
