/** `npm run example NAME`: one of the examples, from nothing to its last check. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './bootstrap.js'
import { runBundled } from './run-bundled.js'

const [name = ''] = process.argv.slice(2)
const hasMain = (example) => existsSync(join(root, 'examples', example, 'main.ts'))
const names = readdirSync(join(root, 'examples')).filter(hasMain)
if (!names.includes(name)) {
  process.stderr.write(`there is no example "${name}"; run: npm run example ${names.join(' | ')}\n`)
  process.exit(2)
}
await runBundled(`examples/${name}/main.ts`)
