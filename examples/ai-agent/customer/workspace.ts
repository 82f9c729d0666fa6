/** Paths that callers give, held within one folder. */
import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'

/**
 * By whole segments: a check for `startsWith("/workspace")` takes `/workspace-evil` for a part of `/workspace`, because
 * both begin with the same letters.
 */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way.split(sep)[0] !== '..' && !isAbsolute(way)
}

/**
 * The real path of a directory in the workspace, links resolved.
 *
 * @throws {RangeError} when it is not in the workspace, or no directory
 */
export async function directoryIn(workspace: string, directory: string): Promise<string> {
  const root = await realpath(workspace)
  const path = resolve(root, directory)
  // Before anybody looks there, or errors would tell what exists outside.
  if (!isWithin(root, path)) throw outside(directory)
  const real = await realpath(path).catch(() => undefined)
  if (real !== undefined && !isWithin(root, real)) throw outside(directory)
  if (real === undefined || !(await stat(real)).isDirectory()) {
    throw new RangeError(`there is no directory "${directory}" in the workspace; list-files shows what there is`)
  }
  return real
}

const outside = (directory: string): RangeError =>
  new RangeError(`directory "${directory}" is not in the workspace; give one inside, relative to it`)
