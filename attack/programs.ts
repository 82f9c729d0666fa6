/** Programs of the attacks that are processes of their own. */
import { build } from 'esbuild'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const root = dirname(createRequire(import.meta.url).resolve('@alienplatform/sdk/package.json'))

export const HANDLERS = join(root, 'attack', 'handlers.ts')
/** Certificates of `localhost` and 127.0.0.1, with the authority that they are by. */
export const TLS_FOLDER = join(root, 'tests', 'fixtures', 'tls')
export const FLOODER = join(root, 'attack', 'flooder.js')
export const ALIEN_CLI = join(root, 'dist', 'cli', 'main.js')

/** Bundles it, since Node 20 reads no TypeScript, and gives its path. */
export async function buildControlPlane(): Promise<string> {
  const outfile = join(root, 'attack', '.alien', 'build', 'control-plane.mjs')
  await build({
    entryPoints: [join(root, 'attack', 'control-plane.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  })
  return outfile
}
