/** `alien dev`: what it serves, how it takes edits, mistakes and its own end. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { access, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { listening } from './support/listening.js'
import type { DevState } from '../protocol/dev-state.js'
import { isPortFree } from '../temporal/free-port.js'
import { alien } from './support/cli.js'
import { DevProcess, folderWith, processesOf, startDev } from './support/dev-process.js'
import { eventually } from './support/eventually.js'
import { ownPort } from './support/port.js'

const declare = (name: string, more = '.commandsEnabled(true)'): string =>
  `new alien.Function('${name}').code({ type: 'source', src: './${name}', toolchain: { type: 'typescript' } })${more}.build()`

const alienFile = (...functions: string[]): string =>
  [`import * as alien from '@alienplatform/sdk'`, ...functions].join('\n')

const module = (...lines: string[]): string => [`import { command } from '@alienplatform/sdk'`, ...lines, ''].join('\n')

async function folderUntilEnd(files: Record<string, string>): Promise<string> {
  const folder = await folderWith(files)
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

describe('a running one', () => {
  let folder: string
  let dev: DevProcess
  let state: DevState

  beforeAll(async () => {
    folder = await folderWith({
      'alien.ts': alienFile(declare('reports'), declare('tools'), declare('web', '')),
      'reports/index.ts': module(`import { edition } from './edition.js'`, `command('edition', () => edition)`),
      'reports/edition.ts': 'export const edition: number = 1\n',
      'tools/tools.ts': module(`command('whoami', (_, { deployment }) => ({ ...deployment, pid: process.pid }))`),
    })
    ;({ dev, state } = await startDev(folder, ['--deployment', 'acme-corp', '--deployment', 'globex']))
  })

  afterAll(async () => {
    await dev[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const client = (deploymentId = 'acme-corp') => new CommandsClient({ deploymentId, ...state })

  const becomes = (edition: unknown) =>
    eventually(`edition ${String(edition)} is served`, async () =>
      (await client().invoke('edition')) === edition ? true : undefined,
    )

  const writeReports = (text: string): Promise<void> => writeFile(join(folder, 'reports/index.ts'), text)

  test('writes where it is, for its owner only', async () => {
    expect(state).toEqual({
      status: 'ready',
      pid: dev.pid,
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      token: expect.stringMatching(/^key_[\w-]{43}$/) as string,
      temporalAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      namespace: 'default',
      temporalUi: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      deployments: [
        { id: expect.stringMatching(/^dep_/) as string, name: 'acme-corp' },
        { id: expect.stringMatching(/^dep_/) as string, name: 'globex' },
      ],
    })
    for (const file of ['status.json', '.alien/dev.json']) {
      expect(JSON.parse(await readFile(join(folder, file), 'utf8'))).toEqual(state)
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
    }
    expect((await fetch(String(state.temporalUi))).status).toBe(200)
  })

  test('serves every function to every deployment, each in a process of its own', async () => {
    const [acme, globex] = state.deployments
    const here = await client('acme-corp').invoke<{ pid: number }>('whoami')
    const there = await client('globex').invoke<{ pid: number }>('whoami')
    expect(here).toEqual({ ...acme, pid: expect.any(Number) as number })
    expect(there).toEqual({ ...globex, pid: expect.any(Number) as number })
    expect(new Set([here.pid, there.pid, dev.pid]).size).toBe(3)
    expect(await client('globex').invoke('edition')).toBe(1)
  })

  test('is found by the tools in its folder and below', async () => {
    const args = ['commands', 'invoke', '--deployment', 'acme-corp', '--command', 'edition']
    expect(await alien(args, { cwd: join(folder, 'reports') })).toMatchObject({ exitCode: 0, stdout: '1' })
  })

  test('lets no second one into its folder', async () => {
    expect(await alien(['dev', '--port', '0'], { cwd: folder })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error conflict: a development server is running here already (process ${dev.pid}, ${state.url}); stop it first, or give this one another ALIEN_STATE_DIR`,
    })
  })

  test('serves the new code when a source changes, and leaves other functions alone', async () => {
    const { pid } = await client().invoke<{ pid: number }>('whoami')
    await writeFile(join(folder, 'reports/edition.ts'), 'export const edition = 2\n')
    await becomes(2)
    expect(await client().invoke('whoami')).toMatchObject({ pid })
  })

  test('goes on with the old code while the new has a syntax error', async () => {
    await writeReports(module(`command('edition', () => { return 3`))
    await dev.said(/^agent {2}cannot build reports:\n {2}index\.ts:3: Unexpected end of file$/m)
    expect(await client().invoke('edition')).toBe(2)
    await writeReports(module(`command('edition', () => { return 3 })`))
    await becomes(3)
  })

  test('says why a module cannot be loaded, and goes on when it is edited', async () => {
    await writeReports(module(`throw new Error('no warehouse here')`))
    await dev.said(
      /^agent {2}acme-corp: reports ended: the handlers' module threw while it was loaded: Error: no warehouse here\n[^]*?index\.ts:2:[^]*?; waiting for a change$/m,
    )
    await writeReports(module(`command('edition', () => 4)`))
    await becomes(4)
  })

  test('names the command that two handlers claim', async () => {
    await writeReports(module(`command('edition', () => 5)`, `command('edition', () => 6)`))
    await dev.said(
      /^agent {2}acme-corp: reports ended: command "edition" is defined twice; give one of the two another name; waiting for a change$/m,
    )
    await writeReports(module(`command('edition', () => 7)`))
    await becomes(7)
  })

  test('says that a module defines no command', async () => {
    await writeReports('export {}\n')
    await dev.said(
      /^agent {2}acme-corp: reports ended: the handlers' module defines no command; call command\(name, handler\) in it; waiting for a change$/m,
    )
  })

  test('ends on Ctrl-C with all it started', async () => {
    expect((await processesOf(folder)).length).toBeGreaterThan(0)
    const { exitCode, stdout } = await dev.interrupt()
    expect(await processesOf(folder)).toEqual([])
    expect(await isPortFree(Number(new URL(state.url).port))).toBe(true)
    await expect(access(join(folder, '.alien/dev.json'))).rejects.toThrow('ENOENT')
    expect(stdout).toBe('')
    expect(exitCode).toBe(0)
  })
})

describe('a killed one', () => {
  test('takes all it started along, and its successor goes on where it was', async () => {
    const folder = await folderUntilEnd({
      'alien.ts': alienFile(declare('agent')),
      'agent/index.ts': module(`command('echo', ({ value }) => value)`),
    })
    const port = String(await ownPort())
    const { dev, state } = await startDev(folder, ['--port', port])
    onTestFinished(() => dev[Symbol.asyncDispose]())
    await alien(['deployments', 'create', 'globex'], { cwd: folder })
    const globex = new CommandsClient({ ...state, deploymentId: 'globex' })
    // It has no agent yet.
    const handle = await globex.start('echo', { value: 'for globex' })
    const waiting = handle.result()

    await dev.kill()
    await eventually('all of it is gone', async () => ((await processesOf(folder)).length === 0 ? true : undefined))

    const deployments = ['--deployment', 'acme-corp', '--deployment', 'globex']
    const successor = await startDev(folder, ['--port', port, ...deployments])
    onTestFinished(() => successor.dev[Symbol.asyncDispose]())
    expect(successor.state).toMatchObject({ url: state.url, token: state.token })
    expect(successor.state.deployments[0]).toEqual(state.deployments[0])
    expect(await waiting).toBe('for globex')
  })
})

test('of two that start in one folder at once, one serves, and the other says which', async () => {
  const folder = await folderUntilEnd({
    'alien.ts': alienFile(declare('agent')),
    'agent/index.ts': module(`command('a', () => 1)`),
  })
  await using one = new DevProcess(folder)
  await using two = new DevProcess(folder)
  const said = await Promise.all([one, two].map((each) => each.said(/ready|error .*/)))
  expect(said.map(([text]) => text).sort()).toStrictEqual([
    expect.stringMatching(
      /^error conflict: a development server is running here already \(process \d+, http:\S+\); stop it first, or give this one another ALIEN_STATE_DIR$/,
    ),
    'ready',
  ])
})

describe('one that cannot start', () => {
  const fail = async (files: Record<string, string>, args: string[] = [], env: Record<string, string> = {}) => {
    const folder = await folderUntilEnd(files)
    const answer = await alien(['dev', '--port', '0', ...args], { cwd: folder, env })
    expect(await processesOf(folder)).toEqual([])
    expect(answer.stdout).toBe('')
    return { folder, ...answer }
  }

  const complete = { 'alien.ts': alienFile(declare('agent')), 'agent/index.ts': module(`command('a', () => 1)`) }

  test('says that there is no alien.ts', async () => {
    const { folder, exitCode, stderr } = await fail({})
    expect(stderr).toBe(
      `error invalid_request: there is no file ${folder}/alien.ts; make one that builds a function with .commandsEnabled(true), or name another file`,
    )
    expect(exitCode).toBe(2)
    await expect(access(join(folder, '.alien'))).rejects.toThrow('ENOENT')
  })

  test('says that no function has commands', async () => {
    const { folder, exitCode, stderr } = await fail({ 'alien.ts': alienFile(declare('agent', '')) })
    expect(stderr).toBe(`error invalid_request: ${folder}/alien.ts has no function with .commandsEnabled(true)`)
    expect(exitCode).toBe(2)
  })

  test('says where alien.ts is wrong', async () => {
    const { folder, exitCode, stderr } = await fail({ 'alien.ts': alienFile('new alien.Function(') })
    expect(stderr).toBe(`error invalid_request: cannot load ${folder}/alien.ts: alien.ts:2: Unexpected end of file`)
    expect(exitCode).toBe(2)
  })

  test.each(['--port', '--temporal-port', '--temporal-ui-port'])('names the %s that is in use', async (flag) => {
    const holder = createServer()
    const port = await listening(holder)
    const { exitCode, stderr } = await fail(complete, [flag, String(port)])
    holder.close()
    expect(stderr).toBe(
      `error conflict: port ${port} is already in use; stop what holds it, or choose another with ${flag}`,
    )
    expect(exitCode).toBe(2)
  })

  test('names the Temporal that is not there', async () => {
    const { exitCode, stderr } = await fail(complete, [], { TEMPORAL_CLI_PATH: '/nowhere/temporal' })
    expect(stderr).toBe(
      'error invalid_request: cannot use TEMPORAL_CLI_PATH "/nowhere/temporal": there is no such file; point it at a temporal executable or unset it',
    )
    expect(exitCode).toBe(2)
  })

  test('refuses a bad name of a deployment, and leaves no Temporal behind', async () => {
    const { exitCode, stderr } = await fail(complete, ['--deployment', 'Acme Corp'])
    expect(stderr).toMatch(/^error invalid_request: deployment name "Acme Corp" must start with /m)
    expect(exitCode).toBe(2)
  })
})
