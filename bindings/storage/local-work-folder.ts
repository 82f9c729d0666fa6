/** The local storage's own files, in `.alien/` below its root: beside the objects, and never one of them. */
import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { ABSENT, unless } from '../fs-error.js'
import { BindingError } from '../binding-error.js'
import { locate } from './local-place.js'
import { RESERVED_SEGMENT } from './object-key.js'

/** The path of `name` in one of the work folders; `undefined` when the folder is missing and not to be made. */
async function workPath(root: string, folder: 'tmp' | 'locks' | 'types', name: string): Promise<string>
async function workPath(root: string, folder: 'types', name: string, create: false): Promise<string | undefined>
async function workPath(root: string, folder: string, name: string, create = true): Promise<string | undefined> {
  const place = await locate(root, [RESERVED_SEGMENT, folder, name], create)
  if (place.kind === 'found') return place.path
  if (place.kind === 'missing') return undefined
  throw new BindingError('invalid_configuration', `"${place.by}" in ${root} must be a folder; remove it`)
}

/** Where new versions are written before they get their names. */
export const temporaryFolder = async (root: string): Promise<string> => dirname(await workPath(root, 'tmp', 'x'))

/** The lock of the file at `path`: by its real place, since links may give it more than one key. */
export const lockPath = (root: string, path: string): Promise<string> =>
  workPath(root, 'locks', createHash('sha256').update(relative(root, path)).digest('hex'))

export async function readContentType(root: string, etag: string): Promise<string | undefined> {
  const path = await workPath(root, 'types', etag, false)
  return path === undefined ? undefined : unless(ABSENT, readFile(path, 'utf8'))
}

export async function saveContentType(root: string, etag: string, contentType: string): Promise<void> {
  await writeFile(await workPath(root, 'types', etag), contentType, { flush: true })
}

export async function dropContentType(root: string, etag: string): Promise<void> {
  const path = await workPath(root, 'types', etag, false)
  if (path !== undefined) await rm(path, { force: true })
}
