/**
 * Where a bundle is put: in the state folder, since the sources may be read-only. Node looks for packages in the
 * `node_modules` of the folders above a file, so the bundle goes below links to those above its sources:
 *
 *   build/agent-1f0c…/node_modules      ──► /app/node_modules
 *   build/agent-1f0c…/_/node_modules    ──► /app/connector/node_modules
 *   build/agent-1f0c…/_/agent.mjs           bundle of /app/connector/handlers.ts
 */
import { createHash } from 'node:crypto'
import { mkdir, realpath, stat, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CommandError } from '../protocol/errors.js'

const PACKAGES = 'node_modules'

/** The same for the same sources, and another for others of that name. @throws {CommandError} `invalid_request` */
export async function bundlePath(stateDir: string, entry: string, name: string): Promise<string> {
  const packages = await packageFolders(entry)
  const hash = createHash('sha256')
    .update([entry, ...packages].join('\n'))
    .digest('hex')
    .slice(0, 12)
  return join(await linked(join(stateDir, 'build', `${name}-${hash}`), packages), `${name}.mjs`)
}

/** A folder below `folder` from which packages are found as from `entry`. @throws {CommandError} `invalid_request` */
export async function linkPackages(folder: string, entry: string): Promise<string> {
  return linked(folder, await packageFolders(entry))
}

async function linked(base: string, packages: readonly string[]): Promise<string> {
  let folder = base
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (const [level, target] of packages.entries()) {
      if (level > 0) await mkdir((folder = join(folder, '_')), { recursive: true })
      // A junction is what Windows lets everybody make.
      await symlink(target, join(folder, PACKAGES), 'junction').catch(unlessThere)
    }
    return folder
  } catch (error) {
    throw stateFolderError(error)
  }
}

export const stateFolderError = (cause: unknown): CommandError =>
  new CommandError(
    'invalid_request',
    `cannot write to the state folder: ${CommandError.from(cause).message}; name another with --state-dir or ALIEN_STATE_DIR`,
    { cause },
  )

/** Outermost first. */
async function packageFolders(entry: string): Promise<string[]> {
  const start = dirname(entry)
  const found: string[] = []
  // That there is no such folder is for who reads the entry to say.
  for (let folder = await realpath(start).catch(() => start); ; folder = dirname(folder)) {
    const packages = join(folder, PACKAGES)
    if (await isFolder(packages)) found.unshift(packages)
    if (folder === dirname(folder)) return found
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
