/**
 * Every fenced block of every page of docs/: shell is run, TypeScript compiled, JSON parsed. What needs a cloud or another
 * machine is marked so by a comment before the block (`support/doc-blocks.ts`), and checked as far as it can be here.
 */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { execa } from 'execa'
import { copyFile, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alien } from './support/cli.js'
import { docBlocks, type DocBlock } from './support/doc-blocks.js'
import { DocShell } from './support/doc-shell.js'

const HANDLERS = `import { command } from '@alienplatform/sdk'\ncommand('generate-report', () => ({ rowCount: 3 }))\n`

const ALIEN_TS = `import * as alien from '@alienplatform/sdk'
export const agent = new alien.Function('agent')
  .code({ type: 'source', src: './', toolchain: { type: 'typescript' } })
  .commandsEnabled(true)
  .build()
`

let stack: TestStack
let shell: DocShell

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
  const { url, token, temporalAddress } = stack.state
  shell = await DocShell.open({ ALIEN_URL: url, ALIEN_TOKEN: token, TEMPORAL_ADDRESS: temporalAddress })
  await furnish(shell.folder)
})

/** What the pages take for granted: a project, its manifest, a policy, a certificate. */
async function furnish(folder: string): Promise<void> {
  const files = {
    'handlers.ts': HANDLERS,
    'alien.ts': ALIEN_TS,
    'package.json': '{"type": "module"}',
    'new-policy.json': '{"deny": ["*-tables"]}',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  await mkdir(join(folder, 'node_modules/@alienplatform'), { recursive: true })
  await symlink(resolve('.'), join(folder, 'node_modules/@alienplatform/sdk'))
  await symlink(resolve('node_modules/@types'), join(folder, 'node_modules/@types'))
  for (const kind of ['crt', 'key']) await copyFile(`tests/fixtures/tls/first.${kind}`, join(folder, `tls.${kind}`))
  const { exitCode, stderr } = await alien(['build', '--target', 'lambda'], { cwd: folder })
  if (exitCode !== 0) throw new Error(stderr)
}

afterAll(async () => {
  await shell[Symbol.asyncDispose]()
  await stack.close()
})

const pages = (await readdir('docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
const blocks = (await Promise.all(pages.map(docBlocks))).flat()
const of = (...languages: readonly string[]): [string, DocBlock][] =>
  blocks.filter(({ language }) => languages.includes(language)).map((block) => [block.place, block])

/** Without a language: what a program prints, or a form. */
const KNOWN = ['', 'sh', 'ts', 'json', 'json5', 'nginx']

test('there is no block that nothing here looks at', () => {
  const unknown = blocks.filter(
    ({ language, marker }) => !KNOWN.includes(language) && !marker.startsWith('checked by '),
  )
  expect(unknown.map(({ place, language }) => `${place} ${language}`)).toStrictEqual([])
  const commands = blocks.filter(({ language, code }) => language === '' && /^(alien|npm|npx|curl) /m.test(code))
  expect(commands.map(({ place }) => place)).toStrictEqual([])
})

describe('shell', () => {
  test.each(of('sh'))('%s', async (_place, { code, marker }) => {
    expect(await execa('bash', ['-n', '-c', code], { reject: false })).toMatchObject({ exitCode: 0, stderr: '' })
    if (marker.startsWith('syntax: ')) return
    const [, exitCode = '0'] = /^exit (\d+)$/.exec(marker) ?? []
    const answer = await shell.run(code)
    expect(answer, answer.output).toMatchObject({ exitCode: Number(exitCode) })
  })

  test('a command that an alien does not know ends a block', async () => {
    for (const wrong of ['alien server --no-such-flag', 'alien deployments create', 'npx alien cerate']) {
      expect(await shell.run(`${wrong}\ntrue\n`), wrong).toMatchObject({ exitCode: 2 })
    }
  })
})

test.each(of('json'))('JSON of %s', (_place, { code }) => {
  expect(JSON.parse(code)).toBeTypeOf('object')
})

test.each(of('json5'))('JSON5 of %s', (_place, { code }) => {
  expect(runInNewContext(`(${code})`)).toBeTypeOf('object')
})

const IMPORTS = `import * as alien from '@alienplatform/sdk'\nvoid alien\n`

test('TypeScript of every page compiles', async () => {
  const files: string[] = []
  for (const page of pages) {
    const code = blocks.filter(({ place, language }) => language === 'ts' && place.startsWith(`${page}:`))
    if (code.length === 0) continue
    const file = `${page.replaceAll(/\W/g, '-')}.ts`
    await writeFile(join(shell.folder, file), IMPORTS + code.map((block) => block.code).join('\n'))
    files.push(file)
  }
  const flags = '--noEmit --strict --skipLibCheck --module nodenext --target es2022 --types node'.split(' ')
  const { stdout } = await execa(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...flags, ...files], {
    cwd: shell.folder,
    reject: false,
  })
  expect(files).not.toEqual([])
  expect(stdout).toBe('')
})

const hasNginx = (await execa('nginx', ['-v'], { reject: false })).exitCode === 0

test.skipIf(!hasNginx).each(of('nginx'))('nginx takes %s', async (_place, { code }) => {
  const file = join(shell.folder, 'nginx.conf')
  const http = code.replaceAll(/ tls\./g, ` ${shell.folder}/tls.`)
  await writeFile(file, `events {}\npid ${shell.folder}/nginx.pid;\nerror_log stderr;\nhttp {\n${http}\n}\n`)
  const { exitCode, stderr } = await execa('nginx', ['-t', '-c', file], { reject: false })
  expect(exitCode, stderr).toBe(0)
})
