import { runBundled } from '../scripts/run-bundled.js'

await runBundled('chaos/main.ts')
