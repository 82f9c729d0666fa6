/**
 * The product page: each snippet runs as it is printed. Added are only what a snippet takes for granted (the helper
 * functions and imports that it uses and does not show) and, for its placeholders, a real token.
 */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { execa } from 'execa'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveVault } from '../bindings/resolve-binding.js'
import type { DevState } from '../protocol/dev-state.js'
import { CLI, cliEnv } from './support/cli.js'
import { folderWith, startDev, type DevProcess } from './support/dev-process.js'
import { startPostgres, type TestPostgres } from './support/postgres.js'

const snippet = (name: string): Promise<string> => readFile(`tests/fixtures/page/${name}.txt`, 'utf8')

const WAREHOUSE = `
const DATES = ['2025-01-15', '2025-02-03', '2025-06-11']
const fetchData = (from = '', to = '9999'): Promise<string[]> =>
  Promise.resolve(DATES.filter((date) => date >= from && date <= to))
const aggregate = (dates: readonly string[]) => ({ first: dates[0] ?? null })
const migrate = async (version: string): Promise<void> => {
  if (version !== '42') throw new RangeError(\`no version \${version}\`)
}
`

/** The page's `/workspace` is a folder that a test may have. */
const FILES = `
import path from 'node:path'
import { readdir } from 'node:fs/promises'
const fs = { readdir: (folder: string): Promise<string[]> => readdir(folder.replace('/workspace', process.cwd() + '/workspace')) }
`

const USERS = `
create table users (id int, name text, email text, status text);
insert into users values (1, 'Ada', 'ada@acme.example', 'active'), (2, 'Bob', 'bob@acme.example', 'left'),
  (3, 'Cy', 'cy@acme.example', 'active'), (4, 'Di', 'di@acme.example', 'active')`

let folder: string
let postgres: TestPostgres
let dev: DevProcess
let state: DevState

beforeAll(async () => {
  postgres = await startPostgres()
  folder = await folderWith({
    'alien.ts': `import * as alien from "@alienplatform/sdk"\n${await snippet('enable-commands')}`,
    'handlers.ts': `import './define-a-handler.js'\nimport './ai-agent.js'\nimport './data-connector.js'\n`,
    'define-a-handler.ts': (await snippet('define-a-handler')) + WAREHOUSE,
    'ai-agent.ts': FILES + (await snippet('ai-agent')),
    'data-connector.ts': await snippet('data-connector'),
    'workspace/src/main.ts': '',
    'workspace/src/util.ts': '',
  })
  await installPackages()
  await storeCredentials(await postgres.createDatabase())
  ;({ dev, state } = await startDev(folder, ['--deployment', 'acme-corp', '--deployment', 'deployment_123']))
})

afterAll(async () => {
  // First, for PostgreSQL cuts the connections that the example leaves open.
  await dev[Symbol.asyncDispose]()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})

/** What `npm install` would do. */
async function installPackages(): Promise<void> {
  await mkdir(join(folder, 'node_modules/@alienplatform'), { recursive: true })
  await symlink(resolve('.'), join(folder, 'node_modules/@alienplatform/sdk'))
  for (const name of ['pg', '@types']) await symlink(resolve('node_modules', name), join(folder, 'node_modules', name))
  await mkdir(join(folder, 'bin'))
  await symlink(CLI, join(folder, 'bin/alien'))
}

/** In the vault that `alien dev` gives to `vault("credentials")`. */
async function storeCredentials(connectionString: string): Promise<void> {
  const client = new pg.Client(connectionString)
  await client.connect()
  await client.query(USERS)
  await client.end()
  await resolveVault('credentials', { ALIEN_LOCAL_BINDINGS: '1', ALIEN_STATE_DIR: join(folder, '.alien') }).set(
    'warehouse',
    JSON.stringify({ connectionString }),
  )
}

const run = (file: string, args: string[]) =>
  execa(file, args, {
    cwd: folder,
    env: cliEnv({ PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}` }),
    extendEnv: false,
  })

describe('a handler', () => {
  test('is invoked from the CLI', async () => {
    const { stdout } = await run('sh', ['-c', await snippet('invoke-from-the-cli')])
    expect(JSON.parse(stdout)).toEqual({ report: { first: '2025-01-15' }, rowCount: 3 })
  })

  test('is invoked from code', async () => {
    const code = (await snippet('invoke-from-code')).replace('your_api_key', state.token)
    await writeFile(join(folder, 'invoke.mjs'), `${code}console.log(JSON.stringify(result))\n`)
    const { stdout } = await run(process.execPath, ['invoke.mjs'])
    expect(JSON.parse(stdout)).toEqual({ report: { first: '2025-01-15' }, rowCount: 2 })
  })

  test('of the same module runs, too', async () => {
    expect(await client().invoke('run-migration', { version: '42' })).toEqual({ status: 'completed' })
  })
})

const client = () => new CommandsClient({ deploymentId: 'deployment_123', token: state.token, url: state.url })

describe('the AI agent', () => {
  test('writes and reads files of the workspace', async () => {
    await client().invoke('write-file', { path: 'notes/plan.md', content: '# Plan\n' })
    expect(await client().invoke('read-file', { path: 'notes/plan.md' })).toBe('# Plan\n')
    expect(await readFile(join(folder, '.alien/storage/workspace/notes/plan.md'), 'utf8')).toBe('# Plan\n')
  })

  test('lists a folder', async () => {
    expect(await client().invoke('list-files', { directory: 'src' })).toEqual(['main.ts', 'util.ts'])
  })

  test('gets nothing outside of it', async () => {
    await expect(client().invoke('read-file', { path: '../vault/credentials.json' })).rejects.toMatchObject({
      code: 'command_failed',
      details: { name: 'BindingError' },
    })
    await expect(client().invoke('list-files', { directory: '../etc' })).rejects.toMatchObject({
      message: '"list-files" failed: Invalid path',
    })
  })

  test('gets at a sibling of the workspace all the same; examples/ai-agent has a check that does not', async () => {
    await mkdir(join(folder, 'workspace-evil'))
    await writeFile(join(folder, 'workspace-evil/payroll.csv'), '')
    expect(await client().invoke('list-files', { directory: '../workspace-evil' })).toEqual(['payroll.csv'])
  })
})

describe('the data connector', () => {
  test('queries a database with credentials of the vault', async () => {
    expect(await client().invoke('get-users', { status: 'active', limit: 2 })).toEqual({
      rows: [
        { id: 1, name: 'Ada', email: 'ada@acme.example' },
        { id: 3, name: 'Cy', email: 'cy@acme.example' },
      ],
      count: 2,
    })
    expect(await client().invoke('get-users', { status: 'active' })).toMatchObject({ count: 3 })
  })
})

test('all of it compiles in strict TypeScript', async () => {
  const code = await snippet('invoke-from-code')
  await writeFile(join(folder, 'invoke.ts'), `${code}console.log(result)\n`)
  await writeFile(join(folder, 'package.json'), '{"type": "module"}')
  const tsc = resolve('node_modules/typescript/bin/tsc')
  const options = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
  ]
  const { stdout, exitCode } = await execa(
    process.execPath,
    [tsc, ...options, 'alien.ts', 'handlers.ts', 'invoke.ts'],
    { cwd: folder, reject: false },
  )
  expect(stdout).toBe('')
  expect(exitCode).toBe(0)
})
