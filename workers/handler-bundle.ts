/**
 * Bundles a handlers' module, TypeScript or not, into one file that Node runs.
 *
 * Packages stay outside the bundle, except that our own resolves to the very copy that runs it: handlers register
 * with the agent that loads them, and their folder need not have the package installed.
 */
import { build, context, type BuildFailure, type BuildOptions, type Message, type Plugin } from 'esbuild'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)

const ownPackage: Plugin = {
  name: 'own-package',
  setup(build) {
    build.onResolve({ filter: /^@alienplatform\/sdk(\/|$)/ }, ({ path }) => {
      try {
        return { path: pathToFileURL(require.resolve(path)).href, external: true }
      } catch (error) {
        // Returned, not thrown: then it is said of the line that imports it.
        return { errors: [{ text: (error as Error).message }] }
      }
    })
  },
}

/** CommonJS files among the sources call `require` for built-ins. */
export const REQUIRE_BANNER = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`

const options = (entry: string, outfile: string) =>
  ({
    entryPoints: [entry],
    outfile,
    absWorkingDir: dirname(entry),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    // Commands register when their module is imported, also in a package that claims "sideEffects": false.
    ignoreAnnotations: true,
    sourcemap: 'inline',
    banner: { js: REQUIRE_BANNER },
    plugins: [ownPackage],
    logLevel: 'silent',
  }) satisfies BuildOptions

/** @throws {BuildFailure} esbuild's, with file, line and text of each error */
export async function bundleHandlers(entry: string, outfile: string): Promise<void> {
  await build(options(entry, outfile))
}

/** Each error of a failed build as `file:line: text`; of any other error, its message. */
export function buildErrors(error: unknown): string[] {
  const { errors } = error as Partial<BuildFailure>
  if (errors !== undefined) return describe(errors)
  return [error instanceof Error ? error.message : String(error)]
}

const describe = (errors: readonly Message[]): string[] =>
  errors.map(({ text, location }) => (location ? `${location.file}:${location.line}: ${text}` : text))

export interface HandlerWatch {
  stop(): Promise<void>
}

/** Bundles again whenever a source changes. `onBuilt` gets the errors of a build that failed, none of a good one. */
export async function watchHandlers(
  entry: string,
  outfile: string,
  onBuilt: (errors: readonly string[]) => void,
): Promise<HandlerWatch> {
  const report: Plugin = {
    name: 'report',
    setup(build) {
      build.onEnd(({ errors }) => onBuilt(describe(errors)))
    },
  }
  const base = options(entry, outfile)
  const watcher = await context({ ...base, plugins: [...base.plugins, report] })
  await watcher.watch()
  return { stop: () => watcher.dispose() }
}
