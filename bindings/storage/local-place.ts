/**
 * From a checked key to a place on disk, never outside the root. Symbolic links below the root are followed only for
 * folders, and only to folders below the root. Against local programs that swap folders for links while a call runs
 * there is no defense here: who may write to the root is trusted.
 */
import type { BigIntStats } from 'node:fs'
import { lstat, mkdir, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { ABSENT, unless } from '../fs-error.js'
import { isReserved } from './object-key.js'

interface Found {
  readonly kind: 'found'
  /** The folder, which exists, as a real path. */
  readonly directory: string
  /** Whether there is something at `path` is not said. */
  readonly path: string
}

/** `by`, the beginning of the key, is no folder; or it is a link that leads out, into a reserved folder, or nowhere. */
export interface Unusable {
  readonly kind: 'blocked' | 'outside'
  readonly by: string
}

interface Missing {
  readonly kind: 'missing'
}

export type Place = Found | Unusable | Missing

export const lstatIfAny = (path: string): Promise<BigIntStats | undefined> =>
  unless(ABSENT, lstat(path, { bigint: true }))

/**
 * @param realRoot The root's real path.
 * @param create Whether to make missing folders. One that is gone again at once ends in `ENOENT`.
 */
export async function locate(realRoot: string, segments: readonly string[], create: true): Promise<Found | Unusable>
export async function locate(realRoot: string, segments: readonly string[], create: boolean): Promise<Place>
export async function locate(realRoot: string, segments: readonly string[], create: boolean): Promise<Place> {
  const folders = segments.slice(0, -1)
  let directory = realRoot
  for (const [index, segment] of folders.entries()) {
    const by = (): string => folders.slice(0, index + 1).join('/')
    const next = join(directory, segment)
    // Looked at first: mostly it is there.
    let stats = await lstatIfAny(next)
    if (stats === undefined && create) {
      await unless(['EEXIST'], mkdir(next))
      stats = await lstat(next, { bigint: true })
    }
    if (stats === undefined) return { kind: 'missing' }
    const real = stats.isSymbolicLink() ? await targetInside(realRoot, next) : next
    if (real === undefined) return { kind: 'outside', by: by() }
    if (!stats.isDirectory() && (await lstatIfAny(real))?.isDirectory() !== true) return { kind: 'blocked', by: by() }
    directory = real
  }
  return { kind: 'found', directory, path: join(directory, segments.at(-1) ?? '') }
}

async function targetInside(realRoot: string, link: string): Promise<string | undefined> {
  const real = await unless([...ABSENT, 'ELOOP'], realpath(link))
  if (real === undefined) return undefined
  const way = relative(realRoot, real)
  const segments = way.split(sep)
  return isAbsolute(way) || segments[0] === '..' || segments.some(isReserved) ? undefined : real
}
