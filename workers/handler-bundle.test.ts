import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { buildErrors, bundleHandlers, watchHandlers } from './handler-bundle.js'

let folder: string
let entry: string
let bundle: string

beforeEach(async () => {
  folder = await scratchDirectory()
  entry = join(folder, 'handlers.ts')
  bundle = join(folder, 'handlers.mjs')
})

const load = (): Promise<Record<string, unknown>> => import(pathToFileURL(bundle).href) as never

describe('bundleHandlers', () => {
  test('makes one file that Node runs, of TypeScript, JSON and CommonJS that calls require', async () => {
    await writeFile(join(folder, 'limits.json'), '{"rows":3}')
    await writeFile(join(folder, 'old.cjs'), `module.exports = require('node:path').basename('/a/old')`)
    await writeFile(join(folder, 'helper.ts'), `export const twice = (n: number): number => n * 2`)
    await writeFile(
      entry,
      `import { twice } from './helper.js'
       import limits from './limits.json'
       import old from './old.cjs'
       export const result: number = twice(limits.rows)
       export { old }
       export const here = import.meta.url`,
    )
    await bundleHandlers(entry, bundle)
    expect(await load()).toMatchObject({ result: 6, old: 'old', here: pathToFileURL(bundle).href })
  })

  test('keeps packages outside, and source maps inside', async () => {
    await writeFile(entry, `import { z } from 'zod'\nexport const schema = z.string()`)
    await bundleHandlers(entry, bundle)
    const text = await readFile(bundle, 'utf8')
    expect(text).toContain('from "zod"')
    expect(text).toContain('//# sourceMappingURL=data:application/json;base64,')
  })

  test('resolves our own package to the copy that runs it, also where it is not installed', async () => {
    await writeFile(
      entry,
      `import { command } from '@alienplatform/sdk'
       import { CommandsClient } from '@alienplatform/sdk/commands'
       export { command, CommandsClient }`,
    )
    await bundleHandlers(entry, bundle)
    const { command, CommandsClient } = await load()
    const ours = await import('@alienplatform/sdk')
    expect(command).toBe(ours.command)
    expect(CommandsClient).toBe((await import('@alienplatform/sdk/commands')).CommandsClient)
  })

  test('refuses what does not parse, with file and line', async () => {
    await writeFile(entry, 'export const a = 1\nexport const b = = 2\n')
    const error: unknown = await bundleHandlers(entry, bundle).catch((thrown: unknown) => thrown)
    expect(buildErrors(error)).toEqual(['handlers.ts:2: Unexpected "="'])
  })

  test('refuses an import that is not there, and an entry that is not there', async () => {
    await writeFile(entry, `import './gone.js'\nimport '@alienplatform/sdk/gone'`)
    const error: unknown = await bundleHandlers(entry, bundle).catch((thrown: unknown) => thrown)
    expect(buildErrors(error)).toEqual([
      'handlers.ts:1: Could not resolve "./gone.js"',
      expect.stringMatching(/^handlers.ts:2: Package subpath '.\/gone' is not defined by "exports"/),
    ])
    await rm(entry)
    const missing: unknown = await bundleHandlers(entry, bundle).catch((thrown: unknown) => thrown)
    expect(buildErrors(missing)).toEqual([`Could not resolve "${entry}"`])
  })
})

test('buildErrors of anything else is its message', () => {
  expect(buildErrors(new Error('disk full'))).toEqual(['disk full'])
  expect(buildErrors('text')).toEqual(['text'])
})

test('watchHandlers bundles again at each change, and says what broke', async () => {
  const events = new EventEmitter<{ built: [errors: readonly string[]] }>()
  const helper = join(folder, 'helper.ts')
  const built = () => once(events, 'built') as Promise<[readonly string[]]>
  await writeFile(helper, 'export const n = 1')
  await writeFile(entry, `export { n } from './helper.js'`)

  /** At once, as an editor does: a file that is half written would be bundled as well. */
  const change = async (content: string): Promise<void> => {
    await writeFile(`${helper}~`, content)
    await rename(`${helper}~`, helper)
  }

  const first = built()
  const watch = await watchHandlers(entry, bundle, (errors) => events.emit('built', errors))
  onTestFinished(() => watch.stop())
  expect(await first).toEqual([[]])

  const broken = built()
  await change('export const n = ')
  expect(await broken).toEqual([['helper.ts:1: Unexpected end of file']])

  const repaired = built()
  await change('export const n = 2')
  expect(await repaired).toEqual([[]])
  expect(await load()).toMatchObject({ n: 2 })
})
