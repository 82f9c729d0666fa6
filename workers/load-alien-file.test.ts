import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import type * as LoadAlienFile from './load-alien-file.js'
import { builtModule } from '../tests/support/built-module.js'

// As built: what the file declares is recorded by the copy of the package that the file imports.
const { loadAlienFile } = await builtModule<typeof LoadAlienFile>('workers/load-alien-file.js')

let folder: string
let file: string

beforeEach(async () => {
  folder = await scratchDirectory()
  file = join(folder, 'alien.ts')
  for (const name of ['agent', 'web']) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'index.ts'), '')
  }
})

const declare = (name: string, commandsEnabled = true): string =>
  `new alien.Function('${name}').code({ type: 'source', src: './${name}', toolchain: { type: 'typescript' } })` +
  `.commandsEnabled(${commandsEnabled}).build()`

const load = () => loadAlienFile(file, join(folder, 'state'))

const alienFile = (...lines: string[]): Promise<void> =>
  writeFile(file, [`import * as alien from '@alienplatform/sdk'`, ...lines].join('\n'))

const served = (name: string) => ({ name, entry: join(folder, name, 'index.ts') })

describe('the functions', () => {
  test('are those that the file builds, in order, with their modules', async () => {
    await alienFile(declare('web'), `const agent: alien.FunctionDefinition = ${declare('agent')}`)
    expect(await load()).toEqual([served('web'), served('agent')])
  })

  test('are only those that serve commands', async () => {
    await alienFile(declare('web', false), declare('agent'))
    expect(await load()).toEqual([served('agent')])
  })

  test('are those of the stack, when the file exports one', async () => {
    await alienFile(declare('web'), `export default new alien.Stack('acme').add(${declare('agent')}).build()`)
    expect(await load()).toEqual([served('agent')])
  })

  test('are those that the file builds, when it exports something else', async () => {
    await alienFile(declare('web'), `export default { kind: 'other' }`)
    expect(await load()).toEqual([served('web')])
  })

  test('are read anew each time, and nothing is left behind', async () => {
    await alienFile(declare('web'))
    expect(await load()).toEqual([served('web')])
    await alienFile(declare('agent'))
    expect(await load()).toEqual([served('agent')])
    expect(await readdir(join(folder, 'state'))).toEqual([])
  })
})

describe('errors', () => {
  test.each<[what: string, lines: string[], message: () => string]>([
    ['no function', [], () => `${file} has no function with .commandsEnabled(true)`],
    ['no function that serves', [declare('web', false)], () => `${file} has no function with .commandsEnabled(true)`],
    ['what does not parse', ['const = 1'], () => `cannot load ${file}: alien.ts:2: Expected identifier but found "="`],
    ['what throws', [`throw new Error('no region')`], () => `cannot load ${file}: no region`],
    [
      'a mistake in a declaration, as its builder tells it',
      [`new alien.Function('My Agent')`],
      () =>
        'function name "My Agent" must be 1 to 63 lower-case letters, digits or "-", and start with a letter or digit',
    ],
    [
      'a function whose code is not there',
      [declare('gone')],
      () => `function "gone": no folder or file ${join(folder, 'gone')}`,
    ],
  ])('%s', async (_, lines, message) => {
    await alienFile(...lines)
    await expect(load()).rejects.toMatchObject({
      name: 'CommandError',
      code: 'invalid_request',
      message: message(),
    })
    expect(await readdir(join(folder, 'state'))).toEqual([])
  })

  test('two functions of one name', async () => {
    await alienFile(declare('web'), declare('web'))
    await expect(load()).rejects.toMatchObject({
      code: 'conflict',
      message: 'function "web" is built twice; give one of the two another name',
    })
  })

  test('a file that is not there', async () => {
    await expect(load()).rejects.toMatchObject({
      code: 'invalid_request',
      message: `there is no file ${file}; make one that builds a function with .commandsEnabled(true), or name another file`,
    })
  })

  test('each mistake of a file on a line of its own', async () => {
    await alienFile(`import './one.js'`, `import './two.js'`)
    await expect(load()).rejects.toMatchObject({
      message: `cannot load ${file}: alien.ts:2: Could not resolve "./one.js"\nalien.ts:3: Could not resolve "./two.js"`,
    })
  })
})
