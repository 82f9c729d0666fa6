import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { devStatePath, findDevState, stateDir, type DevState } from './dev-state.js'

let folder: string

beforeEach(async () => {
  folder = await scratchDirectory()
})

async function running(dir: string, changes: Partial<DevState> = {}): Promise<DevState> {
  const state: DevState = {
    status: 'ready',
    pid: process.pid,
    url: 'http://127.0.0.1:7700',
    token: 'key_1',
    temporalAddress: '127.0.0.1:7233',
    namespace: 'default',
    temporalUi: null,
    deployments: [{ id: 'dep_1', name: 'acme-corp' }],
    ...changes,
  }
  await mkdir(dir, { recursive: true })
  await writeFile(devStatePath(dir), JSON.stringify(state))
  return state
}

function enter(dir: string): void {
  const before = process.cwd()
  onTestFinished(() => process.chdir(before))
  process.chdir(dir)
}

test('the state folder is the one that is named, or .alien here', () => {
  enter(folder)
  expect(stateDir({})).toBe(join(folder, '.alien'))
  expect(stateDir({ ALIEN_STATE_DIR: 'state' })).toBe(join(folder, 'state'))
  expect(stateDir({ ALIEN_STATE_DIR: '/var/lib/alien' })).toBe('/var/lib/alien')
})

test('an empty ALIEN_STATE_DIR is not set', async () => {
  enter(folder)
  const state = await running(join(folder, '.alien'))
  expect(stateDir({ ALIEN_STATE_DIR: '' })).toBe(join(folder, '.alien'))
  expect(findDevState({ ALIEN_STATE_DIR: '' })).toEqual(state)
})

test('finds the server of this folder, and of the nearest one above', async () => {
  const nested = join(folder, 'app', 'src')
  await mkdir(nested, { recursive: true })
  enter(nested)
  expect(findDevState({})).toBeUndefined()
  const outer = await running(join(folder, '.alien'), { url: 'http://127.0.0.1:1' })
  expect(findDevState({})).toEqual(outer)
  const inner = await running(join(folder, 'app', '.alien'), { url: 'http://127.0.0.1:2' })
  expect(findDevState({})).toEqual(inner)
})

test('looks nowhere else when the folder is named', async () => {
  await running(join(folder, '.alien'))
  enter(folder)
  expect(findDevState({ ALIEN_STATE_DIR: join(folder, 'other') })).toBeUndefined()
  const other = await running(join(folder, 'other'))
  expect(findDevState({ ALIEN_STATE_DIR: join(folder, 'other') })).toEqual(other)
})

test('passes over what a killed server left behind, to one above that runs', async () => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  await running(join(folder, 'app', '.alien'), { pid })
  const outer = await running(join(folder, '.alien'))
  enter(join(folder, 'app'))
  expect(findDevState({})).toEqual(outer)
})

// Process 1 belongs to another user, unless the tests run as root, who may signal it.
test("takes another user's server for running", async () => {
  const state = await running(folder, { pid: 1 })
  expect(findDevState({ ALIEN_STATE_DIR: folder })).toEqual(state)
})

test.each(['', '{', 'null', '{}'])('a file with %j is no server', async (content) => {
  await writeFile(devStatePath(folder), content)
  expect(findDevState({ ALIEN_STATE_DIR: folder })).toBeUndefined()
})
