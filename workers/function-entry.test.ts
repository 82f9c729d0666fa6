import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { functionEntry } from './function-entry.js'

let folder: string

beforeEach(async () => {
  folder = await scratchDirectory()
})

async function files(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), '{}')
  }
}

test('src may be the file itself, whatever its name', async () => {
  await files('app/work.cjs', 'app/index.ts')
  expect(await functionEntry(folder, 'app/work.cjs', 'agent')).toBe(join(folder, 'app/work.cjs'))
})

test('src may be absolute', async () => {
  await files('app/index.ts')
  expect(await functionEntry('/', join(folder, 'app'), 'agent')).toBe(join(folder, 'app/index.ts'))
})

/** Each one goes before all that follow. */
const ORDER = [
  'index.ts',
  'index.mts',
  'index.js',
  'index.mjs',
  'agent.ts',
  'agent.mjs',
  'handlers.ts',
  'handlers.js',
  'commands.ts',
  'main.ts',
  'main.mjs',
  'src/index.ts',
  'src/agent.js',
  'src/handlers.ts',
  'src/main.mjs',
]

test.each(ORDER.map((name, index) => [name, ORDER.slice(index)] as const))(
  'in a folder, %s goes before what follows',
  async (name, present) => {
    await files(...present)
    expect(await functionEntry(folder, './', 'agent')).toBe(join(folder, name))
  },
)

test('a folder with the name of a module is none', async () => {
  await files('index.ts/readme', 'handlers.ts')
  expect(await functionEntry(folder, '.', 'agent')).toBe(join(folder, 'handlers.ts'))
})

describe('package.json', () => {
  const packageJson = (content: string) => writeFile(join(folder, 'package.json'), content)

  test('names the module first of all', async () => {
    await files('index.ts', 'lib/start.mts')
    await packageJson('{"main":"./lib/start.mts"}')
    expect(await functionEntry(folder, '.', 'agent')).toBe(join(folder, 'lib/start.mts'))
  })

  test.each([
    ['a file that is not there', '{"main":"gone.ts"}'],
    ['no source', '{"main":"build.cjs"}'],
    ['no text', '{"main":{"import":"lib/start.mts"}}'],
    ['nothing', '{}'],
    ['nothing that is JSON', '{"main":'],
  ])('that names %s is passed over', async (_, content) => {
    await files('index.ts', 'build.cjs')
    await packageJson(content)
    expect(await functionEntry(folder, '.', 'agent')).toBe(join(folder, 'index.ts'))
  })
})

describe('errors', () => {
  test('a folder that does not exist is named in full', async () => {
    await expect(functionEntry(folder, './app', 'agent')).rejects.toMatchObject({
      name: 'CommandError',
      code: 'invalid_request',
      message: `function "agent": no folder or file ${join(folder, 'app')}`,
    })
  })

  test('a folder without a module lists what was looked for', async () => {
    await files('handler.ts', 'lib/index.ts')
    await expect(functionEntry(folder, '.', 'agent')).rejects.toMatchObject({
      name: 'CommandError',
      code: 'invalid_request',
      message: `function "agent": no handlers' module in ${folder}; looked for index, agent, handlers, commands, main (.ts, .mts, .js, .mjs) there and in src/; name the file itself as src if it is called otherwise`,
    })
  })
})
