/** The files below a directory as keys, sorted, one folder in memory at a time. */
import type { BigIntStats, Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ABSENT, unless } from '../fs-error.js'
import { lstatIfAny } from './local-place.js'
import { keyProblem } from './object-key.js'

interface ListedFile {
  readonly key: string
  readonly stats: BigIntStats
}

/**
 * Follows no links: a folder that is also reached by one is listed once, under its real key. Leaves out files whose
 * names are no keys, and what vanishes meanwhile.
 *
 * @param folder The part of the keys that `directory` stands for: empty, or ending in `/`.
 */
export async function* listFiles(directory: string, prefix: string, folder = ''): AsyncGenerator<ListedFile> {
  const entries = (await unless(ABSENT, readdir(directory, { withFileTypes: true }))) ?? []
  for (const entry of sorted(entries)) {
    const key = folder + entry.name
    if (keyProblem(key) !== undefined) continue
    const path = join(directory, entry.name)
    if (entry.isDirectory() && mayHold(`${key}/`, prefix)) yield* listFiles(path, prefix, `${key}/`)
    if (!entry.isFile() || !key.startsWith(prefix)) continue
    const stats = await lstatIfAny(path)
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
