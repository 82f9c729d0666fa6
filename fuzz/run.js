import { runBundled } from '../scripts/run-bundled.js'

await runBundled('fuzz/main.ts')
