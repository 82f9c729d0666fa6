/** Where the bench's programs and the package under test are on disk. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const root = dirname(createRequire(import.meta.url).resolve('@alienplatform/sdk/package.json'))

export const inRepository = (...path: string[]): string => join(root, ...path)

/** What `run.js` made of `bench/<name>.ts`. */
export const program = (name: string): string => inRepository('bench', '.alien', 'build', `${name}.mjs`)

export const RAW_WORKFLOW_BUNDLE = inRepository('bench', '.alien', 'build', 'raw', 'workflow-bundle.js')
export const PRODUCT_HANDLERS = inRepository('bench', 'product', 'handlers.ts')
export const ALIEN_CLI = inRepository('dist', 'cli', 'main.js')
