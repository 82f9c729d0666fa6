/**
 * Mutual exclusion among processes of one machine, for sections of milliseconds around a few file operations.
 * Node has no `flock`, so the lock is a symbolic link that leads nowhere: only one process can make it, and it is there
 * with its text, who has it, in one step. Where only administrators may make links, on Windows, it is a file.
 *
 * 1. Within this process callers queue in memory; only the first of them looks at the lock.
 * 2. A lock is released by its owner. It may be broken when the owner's process is gone, and when it is older than
 *    `STALE_MS` and its owner is not a process of this machine. That of a living process is waited for, frozen or not.
 * 3. One that is held for longer than that may have been broken, and is released only if it is still the owner's.
 * 4. Breaking is a rename, which only one process can do; and one that took a newer lock than it saw puts it back.
 *
 * Who locks often signs the directory: the link is made once, and a lock is one more name of it. A file system may keep
 * what was just removed from being used again, ext4 for a minute, and looks past all of it for the next new file; locks
 * that come and go would so make every write slower. All locks of a signature say the same, so a later one of a process is
 * told from an earlier one by its age alone; which counts where 2 lets it be broken though its owner may live.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { link, lstat, readFile, readlink, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { BindingError } from './binding-error.js'
import { processStart } from './process-start.js'
import { fsCode, unless } from './fs-error.js'

interface LockMedium {
  /** @throws `EEXIST` when there is one */
  readonly make: (path: string, owner: string) => Promise<void>
  readonly read: (path: string) => Promise<string>
}

const AS_LINK: LockMedium = {
  make: (path, owner) => symlink(owner, path),
  // EINVAL: it is no link, and so nobody's that we know.
  read: async (path) => (await unless(['EINVAL'], readlink(path))) ?? '',
}
const AS_FILE: LockMedium = {
  make: (path, owner) => writeFile(path, owner, { flag: 'wx', mode: 0o600 }),
  read: (path) => readFile(path, 'utf8'),
}
const { make, read } = process.platform === 'win32' ? AS_FILE : AS_LINK
/** Elsewhere a further name of a link would be one of what it leads to. */
const CAN_SIGN = process.platform === 'linux'

const HOST = hostname()
const ID_BYTES = 6

/** Far above what a section takes, even on a slow disk; it counts only when the owner's process cannot be checked. */
const STALE_MS = 30_000
/** Longer than `STALE_MS`, so that a lock left behind is broken rather than reported. */
const WAIT_MS = 40_000
const MAX_PAUSE_MS = 50

const queues = new Map<string, Promise<void>>()

export interface FileLock {
  /** Of the lock; its directory must exist. */
  readonly path: string
  /** Tells it from other locks of this process, whatever the path by which it is reached. Default: the path. */
  readonly id?: string
  /** What is locked, for the message. */
  readonly what: string
  /** This process's, in the directory of the lock. */
  readonly signature?: Signature | undefined
}

/** A lock under a name that nobody looks for. Whoever made it removes it; until then, it may be gone at any time. */
export interface Signature {
  readonly path: string
  readonly owner: string
}

export async function sign(directory: string): Promise<Signature | undefined> {
  if (!CAN_SIGN) return undefined
  const signature = { path: join(directory, `${randomUUID()}.tmp`), owner: newOwner() }
  await make(signature.path, signature.owner)
  return signature
}

/**
 * Runs `section` while holding the lock.
 *
 * @throws {BindingError} `unavailable` when others hold it for 40 s
 */
export async function withFileLock<T>(lock: FileLock, section: () => Promise<T>): Promise<T> {
  const { path, id = path } = lock
  const turn = (queues.get(id) ?? Promise.resolve()).then(() => holding(lock, section))
  const settled = turn.then(
    () => undefined,
    () => undefined,
  )
  queues.set(id, settled)
  try {
    return await turn
  } finally {
    if (queues.get(id) === settled) queues.delete(id)
  }
}

async function holding<T>(lock: FileLock, section: () => Promise<T>): Promise<T> {
  const { path } = lock
  const owner = await acquire(lock)
  const takenAtMs = performance.now()
  try {
    return await section()
  } finally {
    const mayBeOthers = performance.now() - takenAtMs > STALE_MS / 2
    if (!mayBeOthers || (await unless(['ENOENT'], read(path))) === owner) await unless(['ENOENT'], unlink(path))
  }
}

/** Gives its owner, as the lock names it. */
async function acquire({ path, what, signature }: FileLock): Promise<string> {
  const giveUpAt = performance.now() + WAIT_MS
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    const owner = await unless(['EEXIST'], take(path, signature))
    if (owner !== undefined) return owner
    if (await breakStale(path)) continue
    if (performance.now() > giveUpAt) {
      throw new BindingError(
        'unavailable',
        `${what} is locked by another process for over ${WAIT_MS / 1000} s; try again`,
      )
    }
    await setTimeout(pauseMs)
  }
}

async function take(path: string, signature: Signature | undefined): Promise<string> {
  if (signature !== undefined) {
    try {
      await link(signature.path, path)
      return signature.owner
    } catch (error) {
      // Else it is gone, or has as many names as it may have.
      if (fsCode(error) === 'EEXIST') throw error
    }
  }
  const owner = newOwner()
  await make(path, owner)
  return owner
}

/** Whether the lock is gone now. */
async function breakStale(path: string): Promise<boolean> {
  const seen = await unless(['ENOENT'], read(path))
  const stats = await unless(['ENOENT'], lstat(path))
  if (seen === undefined || stats === undefined) return true
  const owner = ownerOf(seen)
  // Since a name of it was last made or removed.
  if (owner === 'alive' || (owner === 'unknown' && Date.now() - stats.ctimeMs < STALE_MS)) return false
  // It may have been released and taken again meanwhile.
  if ((await unless(['ENOENT'], read(path))) !== seen) return false
  const taken = `${path}.${randomUUID()}`
  const renamed = await unless(
    ['ENOENT'],
    rename(path, taken).then(() => true),
  )
  if (renamed === undefined) return true
  const found = await read(taken)
  const isTheOneSeen = found === seen
  if (!isTheOneSeen) await unless(['EEXIST'], make(path, found))
  await rm(taken)
  return isTheOneSeen
}

/**
 * `PID START ID HOST`, where START may be empty. Short on purpose: file systems keep a link of less than 60 bytes with its
 * name, and a longer one in a block of its own.
 */
const newOwner = (): string => [process.pid, ownStart(), randomBytes(ID_BYTES).toString('base64url'), HOST].join(' ')

let start: string | undefined
const ownStart = (): string => (start ??= processStart(process.pid) ?? '')

const OWNER = /^(\d+) (\d*) [\w-]+ (.+)$/

/** The process that made a lock, as far as this one can tell: `unknown` when it ran elsewhere, or nobody has signed yet. */
function ownerOf(lock: string): 'alive' | 'gone' | 'unknown' {
  const [, pid, startedAt, host] = OWNER.exec(lock) ?? []
  if (host !== HOST) return 'unknown'
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return 'gone'
  }
  // Numbers are used again: as the first process of a container, always the same one.
  const found = processStart(Number(pid))
  return found === undefined || startedAt === '' || startedAt === found ? 'alive' : 'gone'
}
