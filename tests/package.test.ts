/** The package as npm delivers it: what is in it, and that it works where nothing else is installed. */
import { execa } from 'execa'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cliEnv } from './support/cli.js'

let folder: string
/** Paths in the tarball. */
let files: string[]
/** The project that the package is installed in. */
let project: string

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'alien-package-')))
  project = join(folder, 'project')
  const tarball = await pack()
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{"name": "acme", "private": true, "type": "module"}')
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error']
  await execa('npm', ['install', ...flags, tarball], { cwd: project })
}, 240_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Without building, which would disturb the tests beside this one; dist was built by what packing runs, as a test says. */
async function pack(): Promise<string> {
  const { stdout } = await execa('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder])
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as { filename: string; files: { path: string }[] }[]
  files = packed?.files.map(({ path }) => path) ?? []
  return join(folder, packed?.filename ?? '')
}

test('packing builds as what runs before these tests does', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> }
  expect(scripts['prepack']).toBe('node scripts/build.js')
  expect(await readFile('scripts/bootstrap.js', 'utf8')).toContain(`'scripts/build.js'`)
})

describe('the tarball', () => {
  const ALLOWED = {
    '': ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'package.json'],
    'docs/': ['alien-policy.schema.json'],
    'dist/': [
      ...[
        'activities',
        'bindings',
        'cli',
        'client',
        'doctor',
        'config',
        'execution',
        'gateway',
        'observability',
        'protocol',
        'sdk',
        'server',
        'temporal',
        'transports',
        'workers',
        'workflows',
      ],
      ...['agent', 'server', 'testing'].flatMap((entry) => [`${entry}.js`, `${entry}.js.map`, `${entry}.d.ts`]),
    ],
  }

  test.each(Object.entries(ALLOWED))('has nothing else in "%s"', (parent, allowed) => {
    const inside = files
      .filter((path) => path.startsWith(parent))
      .map((path) => path.slice(parent.length).split('/')[0])
    expect(allowed).toEqual(expect.arrayContaining([...new Set(inside)]))
  })

  test('has compiled code only, and none of tests', () => {
    expect(files).toContain('dist/workflows/bundle.js')
    const strange = files.filter((path) => path.startsWith('dist/') && !/\.(js|js\.map|d\.ts)$/.test(path))
    expect(strange).toEqual([])
    expect(files.filter((path) => /\.(test|testsuite|test-d)\./.test(path))).toEqual([])
  })
})

describe('installed in an empty project', () => {
  const node = (code: string) => execa(process.execPath, ['--input-type=module', '--eval', code], { cwd: project })
  const alien = (...args: string[]) =>
    execa(join(project, 'node_modules/.bin/alien'), args, { cwd: project, env: cliEnv(), extendEnv: false })

  test('there is a working alien', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }
    expect((await alien('--version')).stdout).toBe(version)
    expect((await alien('--help')).stdout).toMatch(/^Usage: alien \[options\] \[command\]\n/)
  })

  test.each([
    ['@alienplatform/sdk', ['command', 'storage', 'vault', 'Function', 'Stack', 'CommandError']],
    ['@alienplatform/sdk/commands', ['CommandsClient', 'CommandError']],
    ['@alienplatform/sdk/agent', ['startAgentWorker']],
    ['@alienplatform/sdk/server', ['startControlPlane']],
    ['@alienplatform/sdk/testing', ['startTestStack']],
  ])('%s can be imported', async (entry, names) => {
    const { stdout } = await node(`console.log(JSON.stringify(Object.keys(await import('${entry}'))))`)
    expect(JSON.parse(stdout)).toEqual(expect.arrayContaining(names))
  })

  test('nothing else can be imported', async () => {
    await expect(node(`await import('@alienplatform/sdk/dist/server/app.js')`)).rejects.toThrow(
      'ERR_PACKAGE_PATH_NOT_EXPORTED',
    )
  })

  test('a command runs, with what the package depends on and nothing more', async () => {
    await writeFile(
      join(project, 'handlers.js'),
      `import { command } from '@alienplatform/sdk'\ncommand('add', ({ a, b }) => a + b)\n`,
    )
    const { stdout } = await node(`
      import { startTestStack } from '@alienplatform/sdk/testing'
      const stack = await startTestStack({ handlers: 'handlers.js' })
      console.log(await stack.client().invoke('add', { a: 1, b: 2 }))
      await stack.close()`)
    expect(stdout).toBe('3')
  })
})

describe.each([
  ['the working tree', () => resolve('.')],
  ['the installed package', () => join(project, 'node_modules/@alienplatform/sdk')],
])('Temporal in %s', (_name, root) => {
  const requireOf = (name: string) => createRequire(createRequire(join(root(), 'package.json')).resolve(name))

  test('is of one version', async () => {
    const { dependencies } = JSON.parse(await readFile(join(root(), 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    const pinned = Object.entries(dependencies).filter(([name]) => name.startsWith('@temporalio/'))
    const scope = dirname(dirname(packageJsonOf(requireOf('@temporalio/common').resolve('@temporalio/common'))))
    const installed = await Promise.all(
      (await readdir(scope)).map(async (name) => versionOf(join(scope, name, 'package.json'))),
    )
    expect([...new Set([...pinned.map(([, version]) => version), ...installed])]).toEqual([pinned[0]?.[1]])
  })

  test('shares one protobufjs 8, without which its messages of one part are strange to another', async () => {
    const copies = ['@temporalio/common', '@temporalio/proto', '@temporalio/worker'].map((name) =>
      requireOf(name).resolve('protobufjs'),
    )
    expect(new Set(copies).size).toBe(1)
    expect(await versionOf(packageJsonOf(copies[0] ?? ''))).toMatch(/^8\./)
  })
})

/** Of the package that a file in `node_modules` belongs to. */
const packageJsonOf = (file: string): string =>
  join(/^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? '', 'package.json')

const versionOf = async (file: string): Promise<string> =>
  (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version
