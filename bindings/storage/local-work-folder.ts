/** The local storage's own files, in `.alien/` below its root: beside the objects, and never one of them. */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, realpath, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ABSENT, unless } from '../fs-error.js'
import { BindingError } from '../binding-error.js'
import type { Folder, NoFolder } from './local-folder.js'
import { RESERVED_SEGMENT } from './object-key.js'

/** `tmp` has files being written, and locks; `types` content types by etag. */
type WorkFolder = 'tmp' | 'types'

/** Made when it is missing. */
export async function workFolder(root: Folder, name: WorkFolder): Promise<Folder> {
  const ours = await folderOr(root, RESERVED_SEGMENT, await root.makeChild(RESERVED_SEGMENT))
  try {
    return await folderOr(root, `${RESERVED_SEGMENT}/${name}`, await ours.makeChild(name))
  } finally {
    await ours.close()
  }
}

async function typesIfAny(root: Folder): Promise<Folder | undefined> {
  const ours = await root.child(RESERVED_SEGMENT)
  if (ours === 'missing') return undefined
  await using folder = await folderOr(root, RESERVED_SEGMENT, ours)
  const types = await folder.child('types')
  // Awaited here: a rejection while the folder is being closed would be nobody's.
  return types === 'missing' ? undefined : await folderOr(root, `${RESERVED_SEGMENT}/types`, types)
}

async function folderOr(root: Folder, by: string, found: Folder | NoFolder): Promise<Folder> {
  if (typeof found === 'object') return found
  const where = await realpath(root.path)
  throw new BindingError('invalid_configuration', `"${by}" in ${where} must be a folder; remove it`)
}

/** The name of an object's lock: of its real place, since links may give it more than one key. */
export const lockName = (names: readonly string[]): string =>
  `${createHash('sha256').update(names.join('/')).digest('hex')}.lock`

export async function readContentType(root: Folder, etag: string): Promise<string | undefined> {
  await using types = await typesIfAny(root)
  if (types === undefined) return undefined
  const file = await unless(ABSENT, open(join(types.path, etag), constants.O_RDONLY | constants.O_NOFOLLOW))
  try {
    return await file?.readFile('utf8')
  } finally {
    await file?.close()
  }
}

export async function saveContentType(root: Folder, etag: string, contentType: string): Promise<void> {
  await using types = await workFolder(root, 'types')
  const path = join(types.path, etag)
  // From an earlier try. A new file, for one that is there may be a link.
  await rm(path, { force: true })
  await writeFile(path, contentType, { flag: 'wx', flush: true })
}

export async function dropContentType(root: Folder, etag: string): Promise<void> {
  await using types = await typesIfAny(root)
  if (types !== undefined) await rm(join(types.path, etag), { force: true })
}
