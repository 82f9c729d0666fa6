/**
 * Every fenced block of every page of docs/: shell is run, TypeScript compiled, JSON parsed. What needs a cloud or another
 * machine is marked so by a comment before the block (`support/doc-blocks.ts`), and checked as far as it can be here.
 */
import { startTestStack } from '@alienplatform/sdk/testing'
import { execa } from 'execa'
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { debianTool } from '../scripts/debian-tools.js'
import { Closers } from '../workers/closers.js'
import { alien } from './support/cli.js'
import { docBlocks, type DocBlock } from './support/doc-blocks.js'
import { collectorOf, openProduction, openRelease, temporalsOf } from './support/doc-grounds.js'
import { DocShell } from './support/doc-shell.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import type { OtlpReceiver } from './support/otlp-receiver.js'

const HANDLERS = `import { command } from '@alienplatform/sdk'\ncommand('generate-report', () => ({ rowCount: 3 }))\n`

const ALIEN_TS = `import * as alien from '@alienplatform/sdk'
export const agent = new alien.Function('agent')
  .code({ type: 'source', src: './', toolchain: { type: 'typescript' } })
  .commandsEnabled(true)
  .build()
`

const closers = new Closers()
let shell: DocShell
let collector: OtlpReceiver

beforeAll(async () => {
  const stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
  closers.add(() => stack.close())
  const { url, token, temporalAddress } = stack.state
  const { body } = await callApi(stack.state, token, 'POST', '/v1/deployments', { name: 'of-the-pages' })
  shell = await DocShell.open({
    ALIEN_URL: url,
    ALIEN_TOKEN: token,
    TEMPORAL_ADDRESS: temporalAddress,
    DOC_AGENT_TOKEN: String(body.agentToken),
  })
  closers.add(() => shell[Symbol.asyncDispose]())
  await furnish(shell.folder)
  await temporalsOf(shell, temporalAddress, closers)
  collector = await collectorOf(shell, closers)
})

interface Ground {
  /** Programs of others that really run. */
  readonly programs: readonly string[]
  readonly open: (closers: Closers) => Promise<DocShell>
}

/** Pages that are read elsewhere: in a clone, on a machine of their own. */
const GROUNDS: Readonly<Record<string, Ground>> = {
  'docs/production.md': { programs: ['git', 'openssl', 'pg_dump'], open: openProduction },
  'docs/releasing.md': { programs: ['git', 'gpg'], open: openRelease },
}
const opened = new Map<string, Promise<DocShell>>()

const pageOf = ({ place }: DocBlock): string => place.split(':')[0] ?? ''

/** Why a block cannot be run here; `undefined` when it can. */
async function obstacle(block: DocBlock): Promise<string | undefined> {
  for (const program of GROUNDS[pageOf(block)]?.programs ?? []) {
    const { exitCode } = await execa('sh', ['-c', `command -v ${program}`], { reject: false })
    if (exitCode !== 0) return `this machine has no ${program}`
  }
  return undefined
}

function shellOf(block: DocBlock): Promise<DocShell> {
  const page = pageOf(block)
  const ground = GROUNDS[page]
  if (ground === undefined) return Promise.resolve(shell)
  const own = opened.get(page) ?? ground.open(closers)
  opened.set(page, own)
  return own
}

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

afterAll(() => closers.close())

const pages = (await readdir('docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
const blocks = (await Promise.all(pages.map(docBlocks))).flat()
const of = (...languages: readonly string[]): [string, DocBlock][] =>
  blocks.filter(({ language }) => languages.includes(language)).map((block) => [block.place, block])

/** Without a language: what a program prints, or a form. */
const KNOWN = ['', 'sh', 'ts', 'json', 'json5', 'nginx', 'dockerfile']

test('there is no block that nothing here looks at', () => {
  const unknown = blocks.filter(
    ({ language, marker }) => !KNOWN.includes(language) && !marker.startsWith('checked by '),
  )
  expect(unknown.map(({ place, language }) => `${place} ${language}`)).toStrictEqual([])
  const commands = blocks.filter(({ language, code }) => language === '' && /^(alien|npm|npx|curl) /m.test(code))
  expect(commands.map(({ place }) => place)).toStrictEqual([])
})

const isNotRun = ({ marker }: DocBlock): boolean => marker.startsWith('syntax: ')

/** With the reason of each. */
const notRun = of('sh').flatMap(([place, block]) =>
  isNotRun(block) ? [`${place}: ${block.marker.slice('syntax: '.length)}`] : [],
)

describe('shell', () => {
  test.for(of('sh'))('%s', { timeout: 60_000 }, async ([, block], context) => {
    const { code, marker, before } = block
    expect(await execa('bash', ['-n', '-c', code], { reject: false })).toMatchObject({ exitCode: 0, stderr: '' })
    if (isNotRun(block)) return
    const why = await obstacle(block)
    context.skip(why !== undefined, why)
    const [, exitCode = '0'] = /^exit (\d+)$/.exec(marker) ?? []
    const there = await shellOf(block)
    const run = marker === 'with the block before' ? before + code : code
    const answer = await (there === shell ? there.run(run) : there.runOn(run))
    expect(answer, answer.output).toMatchObject({ exitCode: Number(exitCode) })
    // What a page has its reader copy.
    const [agentToken] = /agt_[\w-]+/.exec(answer.output) ?? []
    if (agentToken !== undefined) there.stands.set('agt_…', agentToken)
  })

  test(`${notRun.length} of ${of('sh').length} blocks are not run: ${notRun.join('; ')}`, () => {
    expect(notRun.map((each) => each.replace(/:\d+/, ''))).toStrictEqual([
      "docs/releasing.md: a minute's work, whose outcome tests/replay/ reads",
      'docs/releasing.md: an hour of work',
    ])
  })

  test('the collector of observability.md was told', async () => {
    const tellers = ['alien-server', 'alien-agent']
    await eventually('both have told', () => {
      const told = [...collector.metrics].map((metric) => metric.split(' ')[0])
      return tellers.every((teller) => told.includes(teller)) || undefined
    })
  })

  test('a command that an alien does not know ends a block', async () => {
    for (const wrong of ['alien server --no-such-flag', 'alien deployments create', 'npx alien cerate']) {
      expect(await shell.run(`${wrong}\ntrue\n`), wrong).toMatchObject({ exitCode: 2 })
    }
  })
})

test.each(of('dockerfile'))('packages that %s installs are peers of ours', async (_place, { code }) => {
  const { peerDependencies } = JSON.parse(await readFile('package.json', 'utf8')) as {
    peerDependencies: Record<string, string>
  }
  const installed = [...code.matchAll(/ (@[\w./-]+)/g)].map(([, name]) => name)
  expect(Object.keys(peerDependencies)).toEqual(expect.arrayContaining(installed))
  expect(installed).not.toStrictEqual([])
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

const { found: nginx, missing } = debianTool('nginx')

test.for(of('nginx'))('nginx takes %s', async ([, { code }], context) => {
  context.skip(nginx === undefined, missing)
  const file = join(shell.folder, 'nginx.conf')
  const http = code.replaceAll(/ tls\./g, ` ${shell.folder}/tls.`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path nginx;`)
  await writeFile(file, `events {}\npid nginx.pid;\nhttp {\naccess_log off;\n${[...temporary, http].join('\n')}\n}\n`)
  const { exitCode, stderr } = await execa(nginx ?? '', ['-t', '-p', shell.folder, '-c', file, '-e', 'stderr'], {
    reject: false,
  })
  expect(exitCode, stderr).toBe(0)
})
