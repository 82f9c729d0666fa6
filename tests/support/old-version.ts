/**
 * A version that others still run, built from the repository's own history: `tests/fixtures/old-version.json` says which.
 * A tarball of it would have to be kept in the repository, and would be of no version that anybody can look up.
 */
import { execa } from 'execa'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** Inside node_modules, so that it finds its packages as the working tree does. */
const CACHE = resolve('node_modules/.cache/old-versions')

const commitOf = async (): Promise<string> =>
  (JSON.parse(await readFile('tests/fixtures/old-version.json', 'utf8')) as { commit: string }).commit

/** Why it cannot be had here, or `undefined`. */
export async function oldVersionIsMissing(): Promise<string | undefined> {
  const commit = await commitOf()
  const { exitCode } = await execa('git', ['cat-file', '-e', `${commit}^{commit}`], { reject: false })
  return exitCode === 0 ? undefined : `this clone does not have the commit ${commit}; git fetch --unshallow`
}

/**
 * Builds it the first time, in some 20 s.
 *
 * @returns the path of its `alien`
 * @throws {Error} in a clone without that commit: see {@link oldVersionIsMissing}
 */
export async function oldAlien(): Promise<string> {
  const commit = await commitOf()
  const folder = join(CACHE, commit)
  const cli = join(folder, 'dist/cli/main.js')
  if (
    await access(cli).then(
      () => true,
      () => false,
    )
  )
    return cli
  await mkdir(CACHE, { recursive: true })
  const building = await mkdtemp(join(CACHE, 'building-'))
  try {
    await unpack(commit, building)
    await execa(process.execPath, ['scripts/build.js'], { cwd: building })
    await rename(building, folder)
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return cli
}

async function unpack(commit: string, folder: string): Promise<void> {
  const tar = join(folder, 'sources.tar')
  await execa('git', ['archive', '--output', tar, commit])
  await execa('tar', ['-xf', tar, '-C', folder])
  await rm(tar)
}
