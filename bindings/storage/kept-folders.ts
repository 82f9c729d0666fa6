/**
 * A storage's root and its work folder, kept open from one write to the next: to open them anew takes as long as writing a
 * small object. They are closed when nobody has written for a moment.
 *
 *   taken ─► still what is at their paths? ─► used ─► given back ─► closed, after `IDLE_MS` or when replaced
 *
 * Who moves or removes them, or puts others in their place, meanwhile, finds the next object where the paths lead then.
 */
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sign, type Signature } from '../file-lock.js'
import { ABSENT, unless } from '../fs-error.js'
import { sweepTemporaryFiles, TemporaryFile } from '../temporary-file.js'
import { Folder } from './local-folder.js'
import { workFolder } from './local-work-folder.js'
import { RESERVED_SEGMENT } from './object-key.js'

const IDLE_MS = 1_000

/** A version being written, and the folders that it needs. Disposing of it closes the file, and gives the folders back. */
export interface Draft extends AsyncDisposable {
  readonly root: Folder
  /** `.alien/tmp` in it: files being written, and locks. */
  readonly tmp: Folder
  /** In `tmp`, of who writes again before the folders are closed. */
  readonly signature: Signature | undefined
  readonly file: TemporaryFile
}

interface Opened {
  readonly root: Folder
  readonly tmp: Folder
  signature?: Promise<Signature | undefined>
  readonly rootId: string
  readonly tmpId: string
  users: number
}

export class KeptFolders {
  readonly #path: string
  #kept: Opened | undefined
  #idle: NodeJS.Timeout | undefined
  #isSwept = false

  /** @param path Of the root. */
  constructor(path: string) {
    this.#path = path
  }

  /** A new file in the work folder; which is made when it is missing, as is the root. */
  async newDraft(): Promise<Draft> {
    const kept = this.#kept
    if (kept !== undefined) {
      kept.users += 1
      const draft = await this.#draftIfCurrent(kept)
      if (draft !== undefined) return draft
      if (this.#kept === kept) this.#kept = undefined
      await this.#giveBack(kept)
    }
    const opened = await open(this.#path)
    await this.#sweepOnce(opened)
    const replaced = this.#kept
    this.#kept = opened
    if (replaced?.users === 0) await close(replaced)
    return this.#draft(opened)
  }

  /** The file is made while the folders are looked at: that is one wait instead of two. */
  async #draftIfCurrent(kept: Opened): Promise<Draft | undefined> {
    const [ids, file] = await Promise.all([
      Promise.all([idOf(this.#path), idOf(tmpPath(kept.root))]),
      unless(ABSENT, TemporaryFile.create(kept.tmp.path)),
      // Without one, locks are only slower.
      (kept.signature ??= sign(kept.tmp.path).catch(() => undefined)),
    ])
    if (file !== undefined && ids[0] === kept.rootId && ids[1] === kept.tmpId) return this.#draft(kept, file)
    await file?.close()
    return undefined
  }

  async #draft(opened: Opened, made?: TemporaryFile): Promise<Draft> {
    const { root, tmp } = opened
    try {
      const file = made ?? (await TemporaryFile.create(tmp.path))
      const signature = await opened.signature
      // The folders last: what is left of the file is removed by way of them.
      const dispose = () => file.close().finally(() => this.#giveBack(opened))
      return { root, tmp, signature, file, [Symbol.asyncDispose]: dispose }
    } catch (error) {
      await this.#giveBack(opened)
      throw error
    }
  }

  /** Once for a process that writes: there is as much to remove as there were crashes. */
  async #sweepOnce({ tmp }: Opened): Promise<void> {
    if (this.#isSwept) return
    this.#isSwept = true
    await sweepTemporaryFiles(tmp.path)
  }

  async #giveBack(opened: Opened): Promise<void> {
    opened.users -= 1
    if (opened.users > 0) return
    if (this.#kept !== opened) return close(opened)
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.#closeIdle(opened), IDLE_MS).unref()
  }

  #closeIdle(opened: Opened): void {
    if (opened.users > 0 || this.#kept !== opened) return
    this.#kept = undefined
    void close(opened)
  }
}

async function open(path: string): Promise<Opened> {
  const root = await makeRoot(path)
  try {
    const tmp = await workFolder(root, 'tmp')
    const [rootId = '', tmpId = ''] = await Promise.all([idOf(root.path), idOf(tmp.path)])
    return { root, tmp, rootId, tmpId, users: 1 }
  } catch (error) {
    await root.close()
    throw error
  }
}

async function makeRoot(path: string): Promise<Folder> {
  for (;;) {
    const root = await unless(['ENOENT'], Folder.open(path))
    if (root !== undefined) return root
    await mkdir(path, { recursive: true })
  }
}

async function close({ root, tmp, ...opened }: Opened): Promise<void> {
  const signature = await opened.signature
  // One that cannot be removed now goes with a later sweep.
  if (signature !== undefined) await rm(signature.path, { force: true }).catch(() => undefined)
  await Promise.all([root.close(), tmp.close()])
}

const tmpPath = (root: Folder): string => join(root.path, RESERVED_SEGMENT, 'tmp')

/** Tells a folder from all others, as long as it is open. Links are followed: what counts is where they lead. */
async function idOf(path: string): Promise<string | undefined> {
  const stats = await unless([...ABSENT, 'ELOOP'], stat(path, { bigint: true }))
  return stats && `${stats.dev} ${stats.ino}`
}
