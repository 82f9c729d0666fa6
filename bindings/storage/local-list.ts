/** The files below a folder as keys, sorted, one folder in memory at a time. */
import type { BigIntStats, Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ABSENT, DENIED, lstatIfAny, unless } from '../fs-error.js'
import type { Folder } from './local-folder.js'
import { keyProblem } from './object-key.js'

interface ListedFile {
  readonly key: string
  readonly stats: BigIntStats
}

/**
 * Follows no links: a folder that is also reached by one is listed once, under its real key. Leaves out files whose
 * names are no keys, what vanishes meanwhile, and what this process may not look into, as `lost+found`.
 *
 * @param above The part of the keys that `folder` stands for: empty, or ending in `/`.
 */
export async function* listFiles(folder: Folder, prefix: string, above = ''): AsyncGenerator<ListedFile> {
  const entries = (await unless(ABSENT, readdir(folder.path, { withFileTypes: true }))) ?? []
  for (const entry of sorted(entries)) {
    const key = above + entry.name
    if (keyProblem(key) !== undefined) continue
    if (entry.isDirectory() && mayHold(`${key}/`, prefix)) {
      const child = await unless(DENIED, folder.child(entry.name))
      if (typeof child !== 'object') continue
      await using below = child
      yield* listFiles(below, prefix, `${key}/`)
    }
    if (!entry.isFile() || !key.startsWith(prefix)) continue
    const stats = await unless(DENIED, lstatIfAny(join(folder.path, entry.name)))
    if (stats?.isFile() === true) yield { key, stats }
  }
}

const mayHold = (folder: string, prefix: string): boolean => folder.startsWith(prefix) || prefix.startsWith(folder)

/** By the bytes of their keys, where a folder's name goes on with `/`: `a.txt` comes before `a/b`. */
function sorted(entries: readonly Dirent[]): Dirent[] {
  return entries
    .map((entry) => ({ entry, bytes: Buffer.from(entry.isDirectory() ? `${entry.name}/` : entry.name) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ entry }) => entry)
}
