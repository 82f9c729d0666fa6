/** `alien build`: what each target gets, that the same sources give the same bytes, and what the zip for Lambda weighs. */
import { execa } from 'execa'
import { unzipSync } from 'fflate'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { alien } from './support/cli.js'

const PAGE = await readFile('tests/fixtures/page/define-a-handler.txt', 'utf8')

async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-build-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return folder
}

async function built(target: string, files: Readonly<Record<string, string>> = { 'handlers.ts': PAGE }) {
  const cwd = await project(files)
  const answer = await alien(['build', 'handlers.ts', '--target', target, '--json'], { cwd })
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' })
  return { cwd, out: join(cwd, 'build', target), report: JSON.parse(answer.stdout) }
}

describe('for Lambda', () => {
  test('a zip under 1 MB, without Temporal', async () => {
    const { out, report } = await built('lambda')
    expect(report.files.map(({ path }: { path: string }) => path)).toStrictEqual(['function.zip', 'manifest.json'])
    const zip = await readFile(join(out, 'function.zip'))
    expect(zip.length).toBeLessThan(1_000_000)
    const { 'index.mjs': bundle, ...others } = unzipSync(zip)
    expect(Object.keys(others)).toStrictEqual([])
    const text = Buffer.from(bundle ?? []).toString()
    expect(text).not.toContain('@temporalio')
    // Of zod's messages in fifty languages, one; and a client for proxies, which is loaded where there is one.
    expect(text.length).toBeLessThan(950_000)
  })

  test('a manifest beside it', async () => {
    const { out } = await built('lambda', {
      'handlers.ts': `import { command } from '@alienplatform/sdk'
        command('look', { description: 'Looks.', readOnly: true, timeout: '30s' }, () => 1)`,
    })
    expect(JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'))).toStrictEqual({
      function: 'handlers',
      commands: [{ name: 'look', description: 'Looks.', readOnly: true, policy: { timeout: 30_000 } }],
    })
  })
})

describe('the links of alien.ts', () => {
  const LINKED = {
    'handlers.ts': `import { command, storage } from '@alienplatform/sdk'
      command('look', async () => (await storage('scratch').exists('x')))`,
    'alien.ts': `import * as alien from '@alienplatform/sdk'
      new alien.Function('agent').code({ type: 'source', src: './', toolchain: { type: 'typescript' } })
        .commandsEnabled(true)
        .link(alien.storage('scratch'), { service: 'memory' })
        .link(alien.vault('credentials'))
        .build()`,
  }
  const environment = `const { ALIEN_LINKS, ALIEN_SCRATCH_BINDING } = process.env
    console.log(JSON.stringify({ links: JSON.parse(ALIEN_LINKS), scratch: JSON.parse(ALIEN_SCRATCH_BINDING) }))`

  /** What the bundle's process has of links, once it is loaded; or what it says instead. */
  async function loaded(env: Readonly<Record<string, string>>) {
    const cwd = await project(LINKED)
    await alien(['build', '--target', 'lambda', '--out', 'out'], { cwd })
    const { 'index.mjs': bundle } = unzipSync(await readFile(join(cwd, 'out/function.zip')))
    await writeFile(join(cwd, 'index.mjs'), bundle ?? '')
    const code = `await import('./index.mjs');${environment}`
    const set = { ALIEN_URL: 'https://vendor.example', ALIEN_DEPLOYMENT_ID: 'acme', ...env }
    return execa(process.execPath, ['--input-type=module', '-e', code], { cwd, env: set, reject: false })
  }

  const credentials = { ALIEN_CREDENTIALS_BINDING: '{"service":"env","prefix":"P_"}' }
  const links = [
    { kind: 'storage', name: 'scratch' },
    { kind: 'vault', name: 'credentials' },
  ]

  test('go along with a built function', async () => {
    const { stdout } = await loaded(credentials)
    expect(JSON.parse(stdout)).toStrictEqual({ links, scratch: { service: 'memory' } })
  })

  test("give way to the function's own variables", async () => {
    const scratch = { service: 'local', path: '/data' }
    const { stdout } = await loaded({ ...credentials, ALIEN_SCRATCH_BINDING: JSON.stringify(scratch) })
    expect(JSON.parse(stdout)).toStrictEqual({ links, scratch })
  })

  test('are checked when the function is loaded', async () => {
    const { exitCode, stderr } = await loaded({})
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain(
      'a binding is wrong:\n  vault "credentials" is not configured: set ALIEN_CREDENTIALS_BINDING',
    )
  })
})

test.each([
  ['cloud-run', ['Dockerfile', 'index.mjs', 'manifest.json', 'package.json']],
  ['azure-functions', ['host.json', 'index.mjs', 'manifest.json', 'package.json']],
  ['agent', ['Dockerfile', 'index.mjs', 'manifest.json', 'package.json']],
])('for %s a folder that it can be made of', async (target, files) => {
  const { out } = await built(target)
  expect((await readdir(out)).sort()).toStrictEqual(files)
  const { main, type, dependencies } = JSON.parse(await readFile(join(out, 'package.json'), 'utf8'))
  expect([main, type]).toStrictEqual(['index.mjs', 'module'])
  const needed = {
    'cloud-run': 'google-auth-library',
    'azure-functions': '@azure/functions',
    agent: '@alienplatform/sdk',
  }
  expect(Object.keys(dependencies)).toStrictEqual([needed[target as keyof typeof needed]])
})

test.each(['lambda', 'cloud-run', 'azure-functions', 'agent'])(
  'the same bytes for %s wherever, and whenever, it is built',
  async (target) => {
    const one = await built(target)
    const elsewhere = await project({ 'deep/er/handlers.ts': PAGE })
    const cwd = join(elsewhere, 'deep', 'er')
    await alien(['build', 'handlers.ts', '--target', target], { cwd, env: { TZ: 'Asia/Tokyo' } })
    for (const name of await readdir(one.out)) {
      const [first, second] = await Promise.all([
        readFile(join(one.out, name)),
        readFile(join(cwd, 'build', target, name)),
      ])
      expect(first.equals(second), name).toBe(true)
    }
  },
)

test("commands of a package that says it has no side effects, and the project's own cloud packages", async () => {
  const cwd = await project({
    'handlers.ts': `import 'shared-commands'`,
    'node_modules/shared-commands/package.json': JSON.stringify({
      main: 'index.js',
      type: 'module',
      sideEffects: false,
    }),
    'node_modules/shared-commands/index.js': `import { command } from '@alienplatform/sdk'\ncommand('shared', () => 1)`,
    'node_modules/@google-cloud/storage/package.json': JSON.stringify({ version: '7.1.2' }),
    'package.json': JSON.stringify({ dependencies: { '@google-cloud/storage': '^7.0.0' } }),
  })
  await mkdir(join(cwd, 'node_modules/@alienplatform'))
  await symlink(resolve('.'), join(cwd, 'node_modules/@alienplatform/sdk'), 'junction')
  const { stdout, exitCode } = await alien(['build', 'handlers.ts', '--target', 'cloud-run', '--json'], { cwd })
  expect([exitCode, JSON.parse(stdout).commands]).toStrictEqual([0, ['shared']])
  expect(await readFile(join(cwd, 'build/cloud-run/index.mjs'), 'utf8')).toContain('"shared"')
  expect(JSON.parse(await readFile(join(cwd, 'build/cloud-run/package.json'), 'utf8')).dependencies).toStrictEqual({
    '@google-cloud/storage': '7.1.2',
    'google-auth-library': '^10.0.0',
  })
})

test.each([
  [
    ['--target', 'vercel'],
    "error: option '--target <target>' argument 'vercel' is invalid. Allowed choices are lambda, cloud-run, azure-functions, agent.",
  ],
  [[], "error: required option '--target <target>' not specified"],
])('says what is wrong with %j', async (args, message) => {
  const { exitCode, stderr } = await alien(['build', 'handlers.ts', ...args], { cwd: await project({}) })
  expect(stderr).toContain(message)
  expect(exitCode).toBe(2)
})

test('says of a module without commands, and of one that does not compile, what is wrong', async () => {
  const cwd = await project({ 'none.ts': 'export {}', 'broken.ts': 'const = 1' })
  const none = await alien(['build', 'none.ts', '--target', 'lambda'], { cwd })
  expect(none.stderr).toContain(`none.ts defines no command; call command(name, handler) in it`)
  const broken = await alien(['build', 'broken.ts', '--target', 'lambda'], { cwd })
  expect(broken.stderr).toContain('broken.ts:1: Expected identifier but found "="')
  expect([none.exitCode, broken.exitCode]).toStrictEqual([2, 2])
})
