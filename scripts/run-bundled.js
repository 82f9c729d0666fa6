/** Runs a TypeScript program of the repository, bundled, since Node 20 reads none. */
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bootstrap, root } from './bootstrap.js'

/** @param {string} entry path in the repository, like `fuzz/main.ts` */
export async function runBundled(entry) {
  bootstrap()
  // Only now are there packages to import.
  const { build } = await import('esbuild')
  const outfile = join(dirname(entry), '.alien', 'build', 'main.mjs')
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
  })
  process.setSourceMapsEnabled(true)
  await import(pathToFileURL(join(root, outfile)).href)
}
