/** `alien build`: a function as its target takes it, with its manifest beside it. */
import { zipSync, type Zippable } from 'fflate'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { manifestOf } from '../../execution/manifest.js'
import { CommandError } from '../../protocol/errors.js'
import type { ManifestCommand } from '../../protocol/manifest.js'
import { CommandRegistry, moduleRegistry } from '../../sdk/registry.js'
import { bundlePath } from '../bundle-place.js'
import { buildErrors, bundleHandlers } from '../handler-bundle.js'
import type { ServedFunction } from '../load-alien-file.js'
import { targetFiles, type BuildTarget } from './build-target.js'
import { bundleFunction } from './bundle-function.js'
import { installedCloudPackages } from './cloud-packages.js'

export interface BuildOptions {
  readonly target: BuildTarget
  readonly served: ServedFunction
  /** Where artefact and manifest are put, over those of before. */
  readonly outDir: string
  readonly stateDir: string
}

interface BuiltFile {
  /** In the output folder. */
  readonly path: string
  readonly bytes: number
}

export interface BuiltFunction {
  readonly files: readonly BuiltFile[]
  readonly commands: readonly ManifestCommand[]
}

/** The least that a zip can say; any other time would make other bytes. */
const ZIP_TIME = new Date(1980, 0, 1)
const UNIX = 3
const READABLE = 0o100_644 << 16

/** @throws {CommandError} `invalid_request` when it cannot be bundled, loaded or written, or defines no command */
export async function buildFunction({ target, served, outDir, stateDir }: BuildOptions): Promise<BuiltFunction> {
  const { entry, name, links = [] } = served
  const commands = await manifestOfModule(served, stateDir)
  const { entry: serve, files } = targetFiles(target, name, installedCloudPackages(entry))
  const bundle = await bundleFunction(entry, serve, links)
  const contents: Record<string, string | Uint8Array> = { 'index.mjs': bundle, ...files }
  const artefact = target === 'lambda' ? { 'function.zip': zipped(contents) } : contents
  const manifest = `${JSON.stringify({ function: name, commands }, null, 2)}\n`
  return { files: await write(outDir, { ...artefact, 'manifest.json': manifest }), commands }
}

/** What the module registers, in the order of its names. */
async function manifestOfModule({ entry, name }: ServedFunction, stateDir: string): Promise<ManifestCommand[]> {
  const before = new Set(moduleRegistry.names)
  try {
    const bundle = await bundlePath(stateDir, entry, name)
    await bundleHandlers(entry, bundle)
    await import(pathToFileURL(bundle).href)
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError('invalid_request', `cannot load ${entry}: ${buildErrors(error).join('\n')}`, {
      cause: error,
    })
  }
  const defined = [...moduleRegistry].filter((command) => !before.has(command.name))
  if (defined.length > 0) return manifestOf(new CommandRegistry(defined))
  throw new CommandError('invalid_request', `${entry} defines no command; call command(name, handler) in it`)
}

function zipped(contents: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const files: Zippable = {}
  for (const [name, content] of Object.entries(contents)) {
    files[name] = [typeof content === 'string' ? Buffer.from(content) : content, { os: UNIX, attrs: READABLE }]
  }
  return zipSync(files, { level: 9, mtime: ZIP_TIME })
}

async function write(outDir: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<BuiltFile[]> {
  try {
    await mkdir(outDir, { recursive: true })
    return await Promise.all(
      Object.entries(files).map(async ([path, content]) => {
        await writeFile(join(outDir, path), content)
        return { path, bytes: Buffer.byteLength(content) }
      }),
    )
  } catch (error) {
    const { message } = CommandError.from(error)
    throw new CommandError('invalid_request', `cannot write to ${outDir}: ${message}; name another with --out`, {
      cause: error,
    })
  }
}
