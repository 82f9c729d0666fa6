/** Bundles a function, its packages, and the runtime of its target into one file. */
import { build, type Plugin } from 'esbuild'
import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { linkEnvironment, type BindingLink } from '../../bindings/binding-link.js'
import { CommandError } from '../../protocol/errors.js'
import { buildErrors, REQUIRE_BANNER } from '../handler-bundle.js'
import { VERSION } from '../version.js'
import { CLOUD_PACKAGES } from './cloud-packages.js'

const require = createRequire(import.meta.url)
const OWN_PACKAGE = /^@alienplatform\/sdk(\/|$)/

/** Handlers need not have our package installed; the copy that builds is the one that goes along. */
const ownCopy: Plugin = {
  name: 'own-copy',
  setup(build) {
    build.onResolve({ filter: OWN_PACKAGE }, ({ path }) => {
      try {
        return { path: require.resolve(path), sideEffects: false }
      } catch (error) {
        return { errors: [{ text: (error as Error).message }] }
      }
    })
  },
}

const RESOLVED = Symbol('resolved')
const OURS = [fileURLToPath(new URL('../..', import.meta.url)), `${sep}node_modules${sep}zod${sep}`]

/**
 * Commands register when their module is imported, also in a package that claims "sideEffects": false. It is believed of
 * ourselves and of zod, of which most is left out then.
 */
const withSideEffects: Plugin = {
  name: 'with-side-effects',
  setup(build) {
    build.onResolve({ filter: /./ }, async ({ path, importer, pluginData, ...rest }) => {
      if (pluginData === RESOLVED || OURS.some((part) => importer.includes(part))) return undefined
      const resolved = await build.resolve(path, { ...rest, importer, pluginData: RESOLVED })
      return { ...resolved, sideEffects: true }
    })
  },
}

/**
 * @param entry The handlers' module
 * @param serve What follows it: the target's entry; with none, the bundle is for an agent, which has our package
 * @param links What the function has of `.link(…)`
 * @returns The same bytes for the same sources
 * @throws {CommandError} `invalid_request` with file, line and text of each error
 */
export async function bundleFunction(entry: string, serve: string, links: readonly BindingLink[]): Promise<Uint8Array> {
  const isForAgent = serve === ''
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: `import ${JSON.stringify(entry)}\n${serve}`,
        resolveDir: dirname(entry),
        sourcefile: 'index.mjs',
      },
      absWorkingDir: dirname(entry),
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      // Paths would be in it otherwise. Names are kept: errors are told by them, and stacks are read.
      minify: true,
      keepNames: true,
      legalComments: 'none',
      external: [...CLOUD_PACKAGES, ...(isForAgent ? ['@alienplatform/sdk'] : [])],
      define: { 'process.env.ALIEN_SDK_VERSION': JSON.stringify(VERSION) },
      banner: { js: REQUIRE_BANNER + linkStatements(links) },
      plugins: isForAgent ? [withSideEffects] : [ownCopy, withSideEffects],
      logLevel: 'silent',
    })
    return outputFiles[0]?.contents ?? new Uint8Array()
  } catch (error) {
    throw new CommandError('invalid_request', `cannot bundle ${entry}: ${buildErrors(error).join('\n')}`, {
      cause: error,
    })
  }
}

/** Before handlers are loaded, which may use a binding at once. What the environment says goes before it. */
const linkStatements = (links: readonly BindingLink[]): string =>
  Object.entries(linkEnvironment(links, {}))
    .map(([variable, value]) => `process.env[${JSON.stringify(variable)}] ||= ${JSON.stringify(value)};`)
    .join('')
