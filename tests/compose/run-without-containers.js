import { runBundled } from '../../scripts/run-bundled.js'

await runBundled('tests/compose/main.ts')
