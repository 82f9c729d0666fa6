import { execFile } from 'node:child_process'
import { link, lstat, lutimes, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { sign, withFileLock, type FileLock } from './file-lock.js'
import { processStart } from './process-start.js'
import { scratchDirectory } from './scratch.testsuite.js'

const lockOf = (pid: number, host = hostname(), start = ''): string => [pid, start, 'other', host].join(' ')

/** For the rest of the test: what is there by now is old, by a clock that nobody can set back. */
function letTimePass(ms: number): void {
  const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + ms)
  onTestFinished(() => now.mockRestore())
}

/** For what has the lock's name, until that is gone. */
async function expectWaits(lock: FileLock): Promise<void> {
  let entered = false
  const section = withFileLock(lock, () => {
    entered = true
    return Promise.resolve()
  })
  for (let turn = 0; turn < 50; turn++) await readlink(lock.path)
  expect(entered).toBe(false)
  await rm(lock.path)
  await section
  expect(entered).toBe(true)
}

const newLockPath = async (): Promise<string> => join(await scratchDirectory(), 'lock')

test('one section at a time, in order, and no file afterwards', async () => {
  const path = await newLockPath()
  const events: string[] = []
  const sections = [1, 2, 3].map((n) =>
    withFileLock({ path, what: 'it' }, async () => {
      events.push(`${n} in`)
      const [pid, start, id, host] = (await readlink(path)).split(' ')
      expect([pid, start, host]).toStrictEqual([String(process.pid), processStart(process.pid) ?? '', hostname()])
      expect(id).toMatch(/^[\w-]{8}$/)
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
  const failing = withFileLock({ path, what: 'it' }, () => Promise.reject(new Error('section broke')))
  const next = withFileLock({ path, what: 'it' }, () => Promise.resolve('next'))
  await expect(failing).rejects.toThrow('section broke')
  expect(await next).toBe('next')
})

test.each([
  ['new', 0],
  ['old', 31_000],
])('the %s lock of a living process is waited for', async (_, ageMs) => {
  const path = await newLockPath()
  const { pid } = process
  await symlink(lockOf(pid, hostname(), processStart(pid)), path)
  letTimePass(ageMs)
  await expectWaits({ path, what: 'it' })
})

test('the lock of a process that is gone is broken', async () => {
  const path = await newLockPath()
  const child = execFile(process.execPath, ['--version'])
  await new Promise((resolve) => child.once('exit', resolve))
  await symlink(lockOf(child.pid ?? 0), path)
  expect(await withFileLock({ path, what: 'it' }, () => Promise.resolve('in'))).toBe('in')
  expect(await readdir(join(path, '..'))).toEqual([])
})

test.each([
  ['another machine', lockOf(1, 'elsewhere')],
  ['nobody known', 'what is this'],
])('an old lock of %s is broken', async (_, content) => {
  const path = await newLockPath()
  await symlink(content, path)
  letTimePass(31_000)
  expect(await withFileLock({ path, what: 'it' }, () => Promise.resolve('in'))).toBe('in')
})

test.runIf(process.platform === 'linux')('the lock of a process whose number is in use again is broken', async () => {
  const path = await newLockPath()
  await symlink(lockOf(process.pid, hostname(), '1'), path)
  expect(await withFileLock({ path, what: 'it' }, () => Promise.resolve('in'))).toBe('in')
})

test('an old file in its place is broken like a lock', async () => {
  const path = await newLockPath()
  await writeFile(path, '')
  letTimePass(31_000)
  expect(await withFileLock({ path, what: 'it' }, () => Promise.resolve('in'))).toBe('in')
})

describe.runIf(process.platform === 'linux')('in a directory that is signed', () => {
  test('a lock is the signature by another name', async () => {
    const path = await newLockPath()
    const signature = await sign(join(path, '..'))
    const name = signature?.path.split('/').at(-1)
    await withFileLock({ path, what: 'it', signature }, async () => {
      expect(await readlink(path)).toBe(signature?.owner)
      expect(await lstat(path)).toMatchObject({ nlink: 2 })
    })
    expect(await readdir(join(path, '..'))).toEqual([name])
  })

  test.each([
    ['another process', lockOf(process.pid)],
    // However long ago that one signed.
    ['another machine', lockOf(1, 'elsewhere')],
  ])('the lock of %s is waited for', async (_, owner) => {
    const path = await newLockPath()
    const signature = await sign(join(path, '..'))
    await symlink(owner, `${path}.tmp`)
    await lutimes(`${path}.tmp`, 1, 1)
    await link(`${path}.tmp`, path)
    await expectWaits({ path, what: 'it', signature })
  })

  test("a lock that was held for long, and is still the owner's, is released", async () => {
    const path = await newLockPath()
    const signature = await sign(join(path, '..'))
    const now = vi.spyOn(performance, 'now')
    onTestFinished(() => now.mockRestore())
    await withFileLock({ path, what: 'it', signature }, () => {
      now.mockReturnValue(performance.now() + 31_000)
      return Promise.resolve()
    })
    expect(await readdir(join(path, '..'))).toEqual([signature?.path.split('/').at(-1)])
  })

  test('whose signature is gone, a lock is made without it', async () => {
    const path = await newLockPath()
    const signature = await sign(join(path, '..'))
    await rm(signature?.path ?? '')
    const owner = await withFileLock({ path, what: 'it', signature }, () => readlink(path))
    expect(owner).toMatch(new RegExp(`^${process.pid} `))
    expect(owner).not.toBe(signature?.owner)
    expect(await readdir(join(path, '..'))).toEqual([])
  })
})

test('locks of one id are one within this process, whatever their paths', async () => {
  const path = await newLockPath()
  const events: string[] = []
  const sections = [path, `${path}-too`].map((way) =>
    withFileLock({ path: way, id: path, what: 'it' }, async () => {
      events.push('in')
      await setImmediate()
      events.push('out')
    }),
  )
  await Promise.all(sections)
  expect(events).toEqual(['in', 'out', 'in', 'out'])
})

test('a lock that was held for long, and broken by others, is not released again', async () => {
  const path = await newLockPath()
  const now = vi.spyOn(performance, 'now')
  onTestFinished(() => now.mockRestore())
  await withFileLock({ path, what: 'it' }, async () => {
    await rm(path)
    await symlink(lockOf(1, 'elsewhere'), path)
    now.mockReturnValue(performance.now() + 31_000)
  })
  expect(await readlink(path)).toBe(lockOf(1, 'elsewhere'))
})

test('waiting ends after 40 s', async () => {
  const path = await newLockPath()
  await symlink(lockOf(process.pid), path)
  vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValue(40_001)
  onTestFinished(() => {
    vi.restoreAllMocks()
  })
  await expect(withFileLock({ path, what: 'object "a"' }, () => Promise.resolve())).rejects.toMatchObject({
    code: 'unavailable',
    message: `object "a" is locked by another process for over 40 s; try again`,
  })
})
