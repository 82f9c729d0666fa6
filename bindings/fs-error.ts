/** Errors of `node:fs`, told apart and translated. */
import type { BigIntStats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { BindingError, type BindingErrorCode } from './binding-error.js'

export const fsCode = (error: unknown): string | undefined =>
  error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined

/** The promise's value, or `undefined` when it fails with one of `codes`. */
export async function unless<T>(codes: readonly string[], promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (codes.includes(fsCode(error) ?? '')) return undefined
    throw error
  }
}

/** Nothing there, or a file where a folder would have to be. */
export const ABSENT = ['ENOENT', 'ENOTDIR'] as const

/** Not for this process's user. */
export const DENIED = ['EACCES', 'EPERM'] as const

export const lstatIfAny = (path: string): Promise<BigIntStats | undefined> =>
  unless(ABSENT, lstat(path, { bigint: true }))

const REASONS: Readonly<Record<string, readonly [BindingErrorCode, string]>> = {
  EACCES: ['access_denied', "the file system denies this process's user the access"],
  EPERM: ['access_denied', "the file system denies this process's user the access"],
  EROFS: ['access_denied', 'the file system is read-only'],
  ENAMETOOLONG: ['invalid_key', 'a segment of the key is longer than the file system allows'],
  ENOSPC: ['unavailable', 'the disk is full'],
  EDQUOT: ['unavailable', 'the disk quota is used up'],
  EMFILE: ['unavailable', 'this process has too many open files'],
}

/**
 * Runs `action`; an error of the file system becomes a `BindingError` that starts with `where`. The original, which
 * names a path of this machine, stays behind as `cause`. Other errors pass.
 */
export async function translateFsErrors<T>(where: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw translatedFsError(where, error)
  }
}

/** The same for an error that was caught. */
export function translatedFsError(where: string, error: unknown): unknown {
  const code = fsCode(error)
  if (code === undefined) return error
  const [bindingCode, reason] = REASONS[code] ?? ['unavailable', 'the file system failed']
  return new BindingError(bindingCode, `${where}: ${reason} (${code})`, { cause: error })
}
