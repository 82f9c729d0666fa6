import { runBundled } from '../scripts/run-bundled.js'

await runBundled('attack/main.ts')
