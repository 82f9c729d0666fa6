/**
 * From a checked key to a place on disk, never outside the root: folder by folder, each opened in the one before.
 * Symbolic links below the root are followed only for folders, and only to folders below the root; where one leads is
 * looked up, and walked to from the root without links.
 */
import { realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { ABSENT, unless } from '../fs-error.js'
import type { Folder } from './local-folder.js'
import { isReserved } from './object-key.js'

/** As many as Linux follows. */
const MAX_LINKS = 40

/** Where an object is or would be. Disposing of it closes its folders, but for the root, which is the caller's. */
export interface Found extends AsyncDisposable {
  readonly kind: 'found'
  /** From the root to the one that holds it. */
  readonly folders: readonly Folder[]
  /** The real names on the way, the object's own last: links may give it more than one key. */
  readonly names: readonly string[]
  /** By way of its folder. Whether there is something is not said. */
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

/** @param create Whether to make missing folders. One that is gone again at once ends in `ENOENT`. */
export async function locate(root: Folder, key: string, create: true): Promise<Found | Unusable>
export async function locate(root: Folder, key: string, create: boolean): Promise<Place>
export async function locate(root: Folder, key: string, create: boolean): Promise<Place> {
  const segments = key.split('/')
  const way = await walk(root, segments, create, MAX_LINKS)
  return 'at' in way ? { kind: way.kind, by: segments.slice(0, way.at).join('/') } : way
}

/** `at`: how many names lead to what is in the way. */
type Way = Found | Missing | { readonly kind: Unusable['kind']; readonly at: number }

async function walk(root: Folder, names: readonly string[], create: boolean, maxLinks: number): Promise<Way> {
  const folders = [root]
  const close = async (): Promise<void> => {
    await Promise.all(folders.slice(1).map((folder) => folder.close()))
  }
  const last = names.length - 1
  try {
    for (const [index, name] of names.slice(0, last).entries()) {
      const parent = folders.at(-1) ?? root
      const next = create ? await parent.makeChild(name) : await parent.child(name)
      if (typeof next === 'object') {
        folders.push(next)
        continue
      }
      const way =
        next === 'link' ? await follow(root, join(parent.path, name), names.slice(index + 1), create, maxLinks) : next
      await close()
      if (way === 'missing') return { kind: 'missing' }
      if (way === 'other') return { kind: 'blocked', at: index + 1 }
      return 'at' in way ? { ...way, at: index + 1 + way.at } : way
    }
  } catch (error) {
    await close()
    throw error
  }
  const path = join((folders.at(-1) ?? root).path, names[last] ?? '')
  return { kind: 'found', folders, names, path, [Symbol.asyncDispose]: close }
}

/** Goes on where a link leads; `at` then counts the names after it. */
async function follow(
  root: Folder,
  link: string,
  rest: readonly string[],
  create: boolean,
  maxLinks: number,
): Promise<Way> {
  const target = maxLinks === 0 ? undefined : await targetInside(root, link)
  if (target === undefined) return { kind: 'outside', at: 0 }
  const way = await walk(root, [...target, ...rest], create, maxLinks - 1)
  return 'at' in way ? { ...way, at: Math.max(0, way.at - target.length) } : way
}

/** The names from the root to where the link leads, if that is below the root, and none of ours. */
async function targetInside(root: Folder, link: string): Promise<string[] | undefined> {
  const real = await unless([...ABSENT, 'ELOOP'], realpath(link))
  if (real === undefined) return undefined
  const way = relative(await realpath(root.path), real)
  const names = way === '' ? [] : way.split(sep)
  return isAbsolute(way) || names[0] === '..' || names.some(isReserved) ? undefined : names
}
