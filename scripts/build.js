/** Compiles the package into dist/, and the workflows into the bundle that Temporal's sandbox runs. */
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { createRequire } from 'node:module'

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)
chmodSync('dist/cli/main.js', 0o755)
const { buildWorkflowBundle } = await import('../dist/workers/workflow-bundle.js')
await buildWorkflowBundle()
