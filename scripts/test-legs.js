/** `npm run test:bindings`, `npm run test:transports`: contracts against real servers. What follows `--` goes to vitest. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { bootstrap, root } from './bootstrap.js'

bootstrap()
const [project, ...rest] = process.argv.slice(2)
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const args = [vitest, 'run', '--config', 'vitest.legs.config.ts', '--project', project, ...rest]
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
process.exit(status ?? 1)
