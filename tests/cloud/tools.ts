/**
 * The programs that play the clouds in tests, each of one version, installed on first use into a folder of its own:
 * `~/.cache/alien/test-tools`, or `ALIEN_TEST_TOOLS`.
 */
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'

/** Why a leg does not run. */
export class SkippedLeg extends Error {}

const INSTALL_TIMEOUT_MS = 900_000

const toolsFolder = (): string => process.env['ALIEN_TEST_TOOLS'] ?? join(homedir(), '.cache', 'alien', 'test-tools')

interface Tool {
  /** Also the folder's name, so that another version is another folder. */
  readonly id: string
  /** What installs it. */
  readonly needs: 'go' | 'python3' | 'npm'
  readonly install: (folder: string) => Promise<unknown>
}

const PSTEST_SOURCES = resolve('tests/cloud/pstest')

const run = (file: string, args: readonly string[], env: Record<string, string> = {}, cwd = process.cwd()) =>
  execa(file, args, { env, cwd, timeout: INSTALL_TIMEOUT_MS, stdin: 'ignore' })

const goTool = (id: string, module: string): Tool => ({
  id,
  needs: 'go',
  // One job at a time: a build of these takes 1 GB of memory as it is.
  install: (folder) => run('go', ['install', module], { GOBIN: join(folder, 'bin'), GOFLAGS: '-p=1' }),
})

const pythonTool = (id: string, requirement: string): Tool => ({
  id,
  needs: 'python3',
  install: async (folder) => {
    await run('python3', ['-m', 'venv', folder])
    await run(join(folder, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', requirement])
  },
})

export const MINISTACK = pythonTool('ministack-1.5.33', 'ministack==1.5.33')
export const MOTO = pythonTool('moto-5.2.5', 'moto[server]==5.2.5')
export const DRONGO = pythonTool('drongo-0.8.0', 'drongo==0.8.0')
/** Microsoft's SDK for Python, which shares no code with the one for Node. */
export const AZURE_SERVICEBUS = pythonTool('azure-servicebus-7.15.0', 'azure-servicebus==7.15.0')
export const VERSITYGW = goTool('versitygw-1.7.0', 'github.com/versity/versitygw/cmd/versitygw@v1.7.0')
export const FAKE_GCS = goTool('fake-gcs-server-1.55.1', 'github.com/fsouza/fake-gcs-server@v1.55.1')
/** Google's own server for tests; the program around it is ours, its versions are in `pstest/go.sum`. */
export const PSTEST: Tool = {
  id: 'pstest-2.8.1',
  needs: 'go',
  install: (folder) =>
    run('go', ['build', '-o', join(folder, 'bin', 'pstest'), '.'], { GOFLAGS: '-p=1' }, PSTEST_SOURCES),
}
/** The plugin `docker compose`, whose commands that need no engine work without one. The last one for Go 1.26.8. */
export const DOCKER_COMPOSE: Tool = {
  id: 'docker-compose-5.5.1',
  needs: 'go',
  install: async (folder) => {
    const module = 'github.com/docker/compose/v5/cmd'
    const go = (...args: string[]) => run('go', args, { GOFLAGS: '-p=2 -mod=mod', CGO_ENABLED: '0' }, folder)
    // Its module cannot be installed as it is: it leaves out versions of others, which only a main module may.
    await go('mod', 'init', 'docker-compose.test')
    await go('get', '-tool', `${module}@v5.5.1`)
    await go('build', '-o', join(folder, 'bin', 'docker-compose'), module)
  },
}
/** What production runs, with its schema tool and the schemas themselves. Takes some seven minutes on two cores. */
export const TEMPORAL_SERVER: Tool = {
  id: 'temporal-server-1.32.0',
  needs: 'go',
  install: async (folder) => {
    const module = 'go.temporal.io/server'
    const env = { GOBIN: join(folder, 'bin'), GOFLAGS: '-p=2', CGO_ENABLED: '0' }
    await run('go', ['install', `${module}/cmd/server@v1.32.0`], env)
    await run('go', ['install', `${module}/cmd/tools/sql@v1.32.0`], env)
    const { stdout } = await run('go', ['mod', 'download', '-json', `${module}@v1.32.0`])
    const { Dir: sources } = JSON.parse(stdout) as { Dir: string }
    await run('cp', ['-R', join(sources, 'schema'), folder])
  },
}
/** The last one for Node 20. 240 MB with what it needs, so none of our own dependencies. */
export const AZURITE: Tool = {
  id: 'azurite-3.35.0',
  needs: 'npm',
  install: (folder) =>
    run('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', 'azurite@3.35.0']),
}

/** The host of Azure Functions, which the package's own script fetches from Microsoft. */
export const FUNCTIONS_CORE_TOOLS: Tool = {
  id: 'azure-functions-core-tools-4.15.1',
  needs: 'npm',
  install: (folder) =>
    run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', 'azure-functions-core-tools@4.15.1']),
}

/**
 * What Amazon runs in a function, which wants Node 22: npm has that as well. Its native part is built here, against
 * that Node's headers, which takes minutes.
 */
export const LAMBDA_RUNTIME: Tool = {
  id: 'aws-lambda-ric-4.0.2',
  needs: 'npm',
  install: async (folder) => {
    const install = (spec: string, env = {}) =>
      run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', spec], env)
    await install('node@22')
    const PATH = `${join(folder, 'node_modules', 'node', 'bin')}:${process.env['PATH'] ?? ''}`
    await install('aws-lambda-ric@4.0.2', { PATH })
  },
}

/** The tool's folder. @throws {SkippedLeg} when what installs it is missing, or fails */
export async function installed({ id, needs, install }: Tool): Promise<string> {
  const folder = join(toolsFolder(), id)
  const stamp = join(folder, '.installed')
  if (existsSync(stamp)) return folder
  await run(needs, [needs === 'go' ? 'version' : '--version']).catch(() => {
    throw new SkippedLeg(`needs ${needs}, to install ${id}`)
  })
  process.stderr.write(`installing ${id} into ${folder} …\n`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await install(folder).catch((error: unknown) => {
    const [line = ''] = error instanceof Error ? error.message.split('\n').slice(-1) : []
    throw new SkippedLeg(`cannot install ${id}: ${line}`)
  })
  await writeFile(stamp, '')
  return folder
}
