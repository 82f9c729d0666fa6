import { lstat, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { eventually } from '../../tests/support/eventually.js'
import { openFilesBelow, scratchDirectory } from '../scratch.testsuite.js'
import { KeptFolders } from './kept-folders.js'
import { LocalStorage } from './local-storage.js'

const ONE = Buffer.from('one')

test('an object goes where the path leads when it is written, not where it led before', async () => {
  const machine = await scratchDirectory()
  const path = join(machine, 'root')
  const storage = new LocalStorage({ name: 'w', path })
  await storage.write('a', ONE, {})
  await rename(path, join(machine, 'away'))
  await storage.write('b', ONE, {})
  expect(await readdir(join(machine, 'away'))).toEqual(['.alien', 'a'])
  expect(await readdir(path)).toEqual(['.alien', 'b'])
})

test.each(['.alien', '.alien/tmp', '.'])('%s may be removed between writes', async (folder) => {
  const path = join(await scratchDirectory(), 'root')
  const storage = new LocalStorage({ name: 'w', path })
  await storage.write('a', ONE, {})
  await rm(join(path, folder, '.'), { recursive: true })
  await storage.write('b', ONE, {})
  expect(await readFile(join(path, 'b'), 'utf8')).toBe('one')
})

test.runIf(process.platform === 'linux')('who writes again signs the work folder, as long as it is kept', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const path = await scratchDirectory()
  const tmp = join(path, '.alien/tmp')
  const storage = new LocalStorage({ name: 'w', path })
  await storage.write('a', ONE, {})
  expect(await readdir(tmp)).toEqual([])
  await storage.write('b', ONE, {})
  const [signature = ''] = await readdir(tmp)
  const signedAt = await lstat(join(tmp, signature))
  await storage.write('c', ONE, {})
  expect(await readdir(tmp)).toEqual([signature])
  // A lock was a name of it.
  expect((await lstat(join(tmp, signature))).ctimeMs).toBeGreaterThan(signedAt.ctimeMs)
  await vi.advanceTimersByTimeAsync(1_000)
  vi.useRealTimers()
  await eventually('it is gone', async () => (await readdir(tmp)).length === 0 || undefined)
})

test('another work folder in its place is the one with the locks', async () => {
  const path = await scratchDirectory()
  const folders = new KeptFolders(path)
  await (await folders.newDraft())[Symbol.asyncDispose]()
  await rename(join(path, '.alien/tmp'), join(path, '.alien/old'))
  await mkdir(join(path, '.alien/tmp'))
  await using draft = await folders.newDraft()
  expect(await readdir(join(path, '.alien/old'))).toEqual([])
  expect(await readdir(join(path, '.alien/tmp'))).toEqual([draft.file.path.split('/').at(-1)])
})

test('what a writer that was killed left is removed by the next, a day later, and nothing else', async () => {
  const path = await scratchDirectory()
  const tmp = join(path, '.alien/tmp')
  await mkdir(tmp, { recursive: true })
  const left = '00000000-0000-4000-8000-000000000000.tmp'
  const recent = '00000000-0000-4000-8000-000000000001.tmp'
  for (const name of [left, recent, 'a.lock', 'notes.tmp']) await writeFile(join(tmp, name), '')
  // More than a day by a second, or a fast machine is there before the day is over.
  const dayAgo = Date.now() / 1_000 - 86_401
  for (const name of [left, 'a.lock', 'notes.tmp']) await utimes(join(tmp, name), dayAgo, dayAgo)
  await utimes(join(tmp, recent), dayAgo + 60, dayAgo + 60)
  await new LocalStorage({ name: 'w', path }).write('a', ONE, {})
  expect(await readdir(tmp)).toEqual([recent, 'a.lock', 'notes.tmp'])
})

test.runIf(process.platform === 'linux')('they are open while somebody writes, and a moment longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const path = await scratchDirectory()
  const folders = new KeptFolders(path)
  const kept = [path, join(path, '.alien/tmp')]
  const draft = await folders.newDraft()
  await (await folders.newDraft())[Symbol.asyncDispose]()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await openFilesBelow(path)).toEqual(expect.arrayContaining(kept))
  await draft[Symbol.asyncDispose]()
  await vi.advanceTimersByTimeAsync(999)
  expect((await openFilesBelow(path)).sort()).toEqual(kept)
  await vi.advanceTimersByTimeAsync(1)
  vi.useRealTimers()
  await eventually('they are closed', async () => (await openFilesBelow(path)).length === 0 || undefined)
})

test.runIf(process.platform === 'linux')('of writers that come at once, all but one close theirs', async () => {
  const path = await scratchDirectory()
  const folders = new KeptFolders(path)
  const drafts = await Promise.all([1, 2, 3].map(() => folders.newDraft()))
  await Promise.all(drafts.map((draft) => draft[Symbol.asyncDispose]()))
  expect((await openFilesBelow(path)).sort()).toEqual([path, join(path, '.alien/tmp')])
})
