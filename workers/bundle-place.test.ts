import { mkdir, readlink, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeEach, expect, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { bundlePath, linkPackages } from './bundle-place.js'
import { bundleHandlers } from './handler-bundle.js'

let app: string
let state: string
let entry: string

async function install(folder: string, name: string, says: string): Promise<void> {
  const at = join(app, folder, 'node_modules', name)
  await mkdir(at, { recursive: true })
  await writeFile(join(at, 'package.json'), JSON.stringify({ name, type: 'module', exports: './index.js' }))
  await writeFile(join(at, 'index.js'), `export const says = '${says}', at = import.meta.url`)
}

beforeEach(async () => {
  app = await scratchDirectory()
  state = join(await scratchDirectory(), 'state')
  entry = join(app, 'connector', 'handlers.ts')
  await mkdir(dirname(entry))
})

test('packages are found from there as from the sources, the nearest first', async () => {
  await install('.', 'hoisted', 'outer')
  await install('.', 'twice', 'outer')
  await install('connector', 'twice', 'inner')
  await writeFile(entry, `export * as hoisted from 'hoisted'\nexport * as twice from 'twice'`)
  const bundle = await bundlePath(state, entry, 'agent')
  await bundleHandlers(entry, bundle)
  const loaded = (await import(pathToFileURL(bundle).href)) as Record<string, { says: string; at: string }>
  expect(loaded['hoisted']?.says).toBe('outer')
  expect(loaded['twice']).toMatchObject({
    says: 'inner',
    at: pathToFileURL(join(app, 'connector/node_modules/twice/index.js')).href,
  })
})

test('it is the same place each time, and another for other sources of that name', async () => {
  const first = await bundlePath(state, entry, 'agent')
  expect(first).toMatch(/^.*\/state\/build\/agent-[0-9a-f]{12}\/.*agent\.mjs$/)
  expect(await bundlePath(state, entry, 'agent')).toBe(first)
  expect(await bundlePath(state, join(app, 'connector', 'others.ts'), 'agent')).not.toBe(first)
  // A link to what is gone is not used again.
  await install('connector', 'twice', 'inner')
  expect(await bundlePath(state, entry, 'agent')).not.toBe(first)
})

test('removing the place leaves the packages', async () => {
  await install('connector', 'twice', 'inner')
  const folder = await linkPackages(state, entry)
  const packages = await readlink(join(folder, 'node_modules'))
  await rm(state, { recursive: true })
  expect(packages).toBe(join(app, 'connector/node_modules'))
  await writeFile(join(packages, 'twice', 'still-here'), '')
})

test('a state folder that cannot be written to is named, with what to do', async () => {
  await writeFile(state, 'a file')
  await expect(bundlePath(state, entry, 'agent')).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringMatching(
      /^cannot write to the state folder: .*\/state\/build.*; name another with --state-dir or ALIEN_STATE_DIR$/,
    ) as string,
  })
})
