/** Bundles the bench's programs (Node 20 reads no TypeScript) beside nothing that is published, and runs the main one. */
import { bundleWorkflowCode } from '@temporalio/worker'
import { build } from 'esbuild'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const outdir = here('.alien/build')

await build({
  entryPoints: ['main', 'raw/caller', 'raw/agent', 'product/stack'].map((name) => here(`${name}.ts`)),
  outdir,
  outbase: here('.'),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
})
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} }
const { code } = await bundleWorkflowCode({ workflowsPath: here('raw/workflow.ts'), logger: quiet })
await writeFile(`${outdir}/raw/workflow-bundle.js`, code)

process.setSourceMapsEnabled(true)
await import('./.alien/build/main.mjs')
