/** Bundles the bench's programs, since Node 20 reads no TypeScript, and runs the main one. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bootstrap, root } from '../scripts/bootstrap.js'

bootstrap()
// Only now are there packages to import.
const { build } = await import('esbuild')
const { bundleWorkflowCode } = await import('@temporalio/worker')

const outdir = join('bench', '.alien', 'build')
await build({
  entryPoints: [
    'main',
    'raw/caller',
    'raw/agent',
    'raw/bare-proxy',
    'raw/idle-pollers',
    'product/stack',
    'product/agent-stack',
    'product/collector',
    'product/control-plane',
    'product/direct-agent',
    'product/idle-agents',
    'product/roads',
    'product/service-bus',
  ].map((name) => `bench/${name}.ts`),
  outdir,
  outbase: 'bench',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  // Handlers register when they are imported, in a package that says its modules have no such effects.
  ignoreAnnotations: true,
  sourcemap: 'inline',
})
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} }
const { code } = await bundleWorkflowCode({ workflowsPath: join(root, 'bench/raw/workflow.ts'), logger: quiet })
await writeFile(join(outdir, 'raw', 'workflow-bundle.js'), code)

process.setSourceMapsEnabled(true)
await import('./.alien/build/main.mjs')
