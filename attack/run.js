/** Bundles the attacks, since Node 20 reads no TypeScript, and runs them. */
import { bootstrap } from '../scripts/bootstrap.js'

bootstrap()
// Only now are there packages to import.
const { build } = await import('esbuild')
await build({
  entryPoints: ['attack/main.ts'],
  outfile: 'attack/.alien/build/main.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
})

process.setSourceMapsEnabled(true)
await import('./.alien/build/main.mjs')
