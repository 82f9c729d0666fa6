import { readFile } from 'node:fs/promises'
import { createContext, runInContext } from 'node:vm'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** As Temporal's worker loads it: modules that are there before the first workflow are shared by all. */
test('the workflows of a worker share our modules, instead of loading a copy each', async () => {
  const code = await readFile(fileURLToPath(new URL('../dist/workflows/bundle.js', import.meta.url)), 'utf8')
  const modules: Record<string, unknown> = {}
  const context = createContext({ __webpack_module_cache__: modules, TextEncoder, TextDecoder, AbortController, URL })
  runInContext(code, context)
  runInContext('__TEMPORAL__.preloadModules()', context)
  const before = Object.keys(modules)
  runInContext('__TEMPORAL__.importWorkflows()', context)
  expect(before).toContain('./dist/workflows/invoke-command.js')
  expect(Object.keys(modules)).toEqual(before)
})
