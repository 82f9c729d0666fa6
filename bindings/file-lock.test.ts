import { execFile } from 'node:child_process'
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { withFileLock } from './file-lock.js'
import { scratchDirectory } from './scratch.testsuite.js'

const lockOf = (pid: number, host = hostname()): string => JSON.stringify({ pid, host, id: 'other' })

const newLockPath = async (): Promise<string> => join(await scratchDirectory(), 'lock')

test('one section at a time, in order, and no file afterwards', async () => {
  const path = await newLockPath()
  const events: string[] = []
  const sections = [1, 2, 3].map((n) =>
    withFileLock(path, 'it', async () => {
      events.push(`${n} in`)
      expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() })
      events.push(`${n} out`)
      return n
    }),
  )
  expect(await Promise.all(sections)).toEqual([1, 2, 3])
  expect(events).toEqual(['1 in', '1 out', '2 in', '2 out', '3 in', '3 out'])
  expect(await readdir(join(path, '..'))).toEqual([])
})

test('a section that throws releases the lock', async () => {
  const path = await newLockPath()
  const failing = withFileLock(path, 'it', () => Promise.reject(new Error('section broke')))
  const next = withFileLock(path, 'it', () => Promise.resolve('next'))
  await expect(failing).rejects.toThrow('section broke')
  expect(await next).toBe('next')
})

test('the lock of a living process is waited for', async () => {
  const path = await newLockPath()
  await writeFile(path, lockOf(process.pid))
  let entered = false
  const section = withFileLock(path, 'it', () => {
    entered = true
    return Promise.resolve()
  })
  for (let turn = 0; turn < 100; turn++) await setImmediate()
  expect(entered).toBe(false)
  await rm(path)
  await section
  expect(entered).toBe(true)
})

test('the lock of a process that is gone is broken', async () => {
  const path = await newLockPath()
  const child = execFile(process.execPath, ['--version'])
  await new Promise((resolve) => child.once('exit', resolve))
  await writeFile(path, lockOf(child.pid ?? 0))
  expect(await withFileLock(path, 'it', () => Promise.resolve('in'))).toBe('in')
  expect(await readdir(join(path, '..'))).toEqual([])
})

test.each([
  ['another machine', lockOf(1, 'elsewhere')],
  ['nobody known, as when its owner died between creating and writing it', ''],
  ['a process number that is in use again', lockOf(process.pid)],
])('an old lock of %s is broken', async (_, content) => {
  const path = await newLockPath()
  await writeFile(path, content)
  const old = new Date(Date.now() - 31_000)
  await utimes(path, old, old)
  expect(await withFileLock(path, 'it', () => Promise.resolve('in'))).toBe('in')
})

test('a lock that was broken by others is not released again', async () => {
  const path = await newLockPath()
  await withFileLock(path, 'it', () => writeFile(path, lockOf(1, 'elsewhere')))
  expect(await readFile(path, 'utf8')).toBe(lockOf(1, 'elsewhere'))
})

test('waiting ends after 40 s', async () => {
  const path = await newLockPath()
  await writeFile(path, lockOf(process.pid))
  vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValue(40_001)
  onTestFinished(() => {
    vi.restoreAllMocks()
  })
  await expect(withFileLock(path, 'object "a"', () => Promise.resolve())).rejects.toMatchObject({
    code: 'unavailable',
    message: 'object "a" is locked by another process for over 40 s; try again',
  })
})
