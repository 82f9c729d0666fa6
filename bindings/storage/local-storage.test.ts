import { execFile, fork } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { openFilesBelow, scratchDirectory } from '../scratch.testsuite.js'
import { LocalStorage } from './local-storage.js'
import { collectKeys, testStorage } from './storage.testsuite.js'
import { BUFFERED_BYTES, Storage } from './storage.js'
import { probeStorage } from '../probe-binding.js'

/** Runs `action` as a user whom modes apply to, and lets that one into the folder. */
async function asNobody<T>(folder: string, action: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return action()
  await chmod(folder, 0o755)
  process.seteuid?.(65_534)
  try {
    return await action()
  } finally {
    process.seteuid?.(0)
  }
}

const storageIn = (path: string): Storage =>
  new Storage('workspace', () => Promise.resolve(new LocalStorage({ name: 'workspace', path })))

describe('contract', () => {
  testStorage({
    open: async () =>
      new LocalStorage({ name: 'contract', path: join(await scratchDirectory(), 'not', 'there', 'yet') }),
  })
})

describe('files', () => {
  test('objects are files, and files are objects', async () => {
    const root = await scratchDirectory()
    const storage = storageIn(root)
    await storage.put('a/b.txt', 'one')
    expect(await readFile(join(root, 'a/b.txt'), 'utf8')).toBe('one')
    await writeFile(join(root, 'by-hand.txt'), 'two')
    expect(await (await storage.get('by-hand.txt')).text()).toBe('two')
    expect(await collectKeys(storage.list())).toEqual(['a/b.txt', 'by-hand.txt'])
  })

  test('a change by another program gives another etag, and loses the content type', async () => {
    const root = await scratchDirectory()
    const storage = storageIn(root)
    const written = await storage.put('a', 'one', { contentType: 'text/plain' })
    await writeFile(join(root, 'a'), 'two')
    await utimes(join(root, 'a'), 1, 1)
    const head = await storage.head('a')
    expect(head?.etag).not.toBe(written.etag)
    expect(head).not.toHaveProperty('contentType')
    await expect(storage.put('a', 'three', { ifMatch: written.etag })).rejects.toMatchObject({
      code: 'precondition_failed',
    })
  })

  test('equal versions in quick succession have different etags', async () => {
    const storage = storageIn(await scratchDirectory())
    const etags = new Set<string>()
    for (let version = 0; version < 20; version++) etags.add((await storage.put('object', 'same size')).etag)
    expect(etags.size).toBe(20)
  })

  test('are listed by the bytes of their keys, not by UTF-16', async () => {
    const storage = storageIn(await scratchDirectory())
    for (const key of ['🚀', '\ufb01', '...']) await storage.put(key, 'x')
    expect(await collectKeys(storage.list())).toEqual(['...', '\ufb01', '🚀'])
  })

  test('an edited script stays executable', async () => {
    const root = await scratchDirectory()
    await writeFile(join(root, 'run.sh'), 'old')
    await chmod(join(root, 'run.sh'), 0o750)
    await storageIn(root).put('run.sh', 'new')
    expect((await stat(join(root, 'run.sh'))).mode & 0o777).toBe(0o750)
  })

  test('nothing is left behind: no temporary files, locks, types or folders', async () => {
    const root = await scratchDirectory()
    const storage = storageIn(root)
    await storage.put('a/b/c', '1', { contentType: 'text/plain' })
    await storage.put('a/b/c', '2', { contentType: 'text/html' })
    expect(await readdir(join(root, '.alien/types'))).toEqual([(await storage.head('a/b/c'))?.etag])
    await storage.put('a/b/c', '3', { ifNotExists: true }).catch(() => undefined)
    await storage.delete('a/b/c')
    expect(await readdir(root)).toEqual(['.alien'])
    for (const folder of ['tmp', 'types']) expect(await readdir(join(root, '.alien', folder))).toEqual([])
  })

  test('a put that fails makes no folders', async () => {
    const root = await scratchDirectory()
    const failing = async function* (): AsyncGenerator<string> {
      yield await Promise.reject(new Error('source broke'))
    }
    await expect(storageIn(root).put('a/b', failing())).rejects.toThrow('source broke')
    expect(await readdir(root)).toEqual(['.alien'])
  })

  test('what is no file or has no valid name is not listed, and a pipe is not waited for', async () => {
    const root = await scratchDirectory()
    await promisify(execFile)('mkfifo', [join(root, 'pipe')])
    await writeFile(join(root, 'bad\\name'), 'x')
    await writeFile(join(root, 'bad\nname'), 'x')
    await writeFile(join(root, 'good'), 'x')
    const storage = storageIn(root)
    expect(await collectKeys(storage.list())).toEqual(['good'])
    await expect(storage.get('pipe')).rejects.toMatchObject({ code: 'not_found' })
    await storage.delete('pipe')
    expect(await readdir(root)).toContain('pipe')
  })
})

describe('files and folders of the same name', () => {
  const conflict = (key: string, problem: string): object => ({
    code: 'key_conflict',
    message: `object "${key}" in storage "workspace" cannot be written: ${problem}, and a local storage keeps objects as files in folders`,
  })

  test('an object cannot be written below an object', async () => {
    const storage = storageIn(await scratchDirectory())
    await storage.put('a/b', 'x')
    await expect(storage.put('a/b/c/d', 'y')).rejects.toMatchObject(conflict('a/b/c/d', '"a/b" is an object'))
    await expect(storage.copy('a/b', 'a/b/c')).rejects.toMatchObject(conflict('a/b/c', '"a/b" is an object'))
  })

  test('is found out before the content is read', async () => {
    const storage = storageIn(await scratchDirectory())
    await storage.put('a', 'x')
    const unread = {
      [Symbol.asyncIterator](): AsyncIterator<string> {
        throw new Error('the content was read')
      },
    }
    await expect(storage.put('a/b', unread)).rejects.toMatchObject(conflict('a/b', '"a" is an object'))
  })

  test('an object cannot be written over a folder', async () => {
    const storage = storageIn(await scratchDirectory())
    await storage.put('a/b', 'x')
    const problem = conflict('a', 'there is a folder of that name')
    await expect(storage.put('a', 'y')).rejects.toMatchObject(problem)
    await expect(storage.put('a', 'y', { ifNotExists: true })).rejects.toMatchObject(problem)
    expect(await (await storage.get('a/b')).text()).toBe('x')
  })
})

describe('the file system', () => {
  test('a segment may be too long for it', async () => {
    const key = 'x'.repeat(256)
    await expect(storageIn(await scratchDirectory()).put(key, 'x')).rejects.toMatchObject({
      code: 'invalid_key',
      message: `object "${'x'.repeat(120)}…" in storage "workspace": a segment of the key is longer than the file system allows (ENAMETOOLONG)`,
    })
  })

  test('the root may be no directory', async () => {
    const path = join(await scratchDirectory(), 'file')
    await writeFile(path, 'x')
    await expect(storageIn(path).put('a', 'x')).rejects.toMatchObject({
      code: 'unavailable',
      message: 'object "a" in storage "workspace": the file system failed (ENOTDIR)',
    })
  })

  test('the work folder may be blocked', async () => {
    const root = await scratchDirectory()
    await symlink('/', join(root, '.alien'))
    await expect(storageIn(root).put('a', 'x')).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: `".alien" in ${root} must be a folder; remove it`,
    })
    expect(await readdir(root)).toEqual(['.alien'])
  })

  describe('may be closed to this user', () => {
    test('a folder that is closed is not listed, and the others are', async () => {
      const root = await scratchDirectory()
      const storage = storageIn(root)
      for (const key of ['a', 'lost+found/b', 'no-entry/c', 'z/d']) await storage.put(key, 'x')
      await chmod(join(root, 'lost+found'), 0o000)
      await chmod(join(root, 'no-entry'), 0o744)
      expect(await asNobody(root, () => collectKeys(storage.list()))).toEqual(['a', 'z/d'])
    })

    test.each([0o000, 0o744])('a root that is (mode %i) is an error, for a probe too', async (mode) => {
      const root = join(await scratchDirectory(), 'root')
      const storage = storageIn(root)
      await storage.put('folder/a', 'x')
      await chmod(root, mode)
      const denied = "the file system denies this process's user the access (EACCES)"
      await asNobody(join(root, '..'), async () => {
        await expect(collectKeys(storage.list())).rejects.toMatchObject({
          code: 'access_denied',
          message: `storage "workspace": ${denied}`,
        })
        expect(await probeStorage(storageIn(root))).toContain(`storage "workspace": ${denied}`)
      })
    })
  })

  test('no URLs can be signed', async () => {
    const storage = storageIn(await scratchDirectory())
    await expect(storage.signedUrl('a', { expiresInMs: 1000 })).rejects.toMatchObject({
      code: 'unsupported',
      message:
        'object "a" in storage "workspace": a local directory has no web server to sign a URL for; return the object from the handler instead',
    })
  })
})

describe('large objects', () => {
  const CHUNK = Buffer.alloc(1024 * 1024, 'x')

  test('are written as they arrive', async () => {
    const root = await scratchDirectory()
    const sizes: number[] = []
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < 5; n++) {
        const [name = ''] = await readdir(join(root, '.alien/tmp'))
        sizes.push((await stat(join(root, '.alien/tmp', name))).size / CHUNK.length)
        yield CHUNK
      }
    }
    await storageIn(root).put('large', source())
    expect(sizes).toEqual([0, 1, 2, 3, 4])
  })

  test('are read in pieces', async () => {
    const storage = storageIn(await scratchDirectory())
    await storage.put('large', Buffer.concat([CHUNK, CHUNK]))
    const sizes: number[] = []
    for await (const chunk of (await storage.get('large')).stream()) sizes.push(chunk.byteLength)
    expect(sizes).toEqual(Array.from({ length: 8 }, () => 256 * 1024))
  })

  test.runIf(process.platform === 'linux')('keep no file open unread, half read, or failed', async () => {
    const root = await scratchDirectory()
    const storage = storageIn(root)
    await storage.put('large', Buffer.alloc(BUFFERED_BYTES * 8))
    const object = await storage.get('large')
    // Those that writers keep open for a moment.
    const kept = [root, join(root, '.alien/tmp')]
    const open = async (): Promise<string[]> => (await openFilesBelow(root)).filter((path) => !kept.includes(path))
    expect(await open()).toEqual([])
    for await (const chunk of object.stream()) {
      expect(chunk.byteLength).toBeGreaterThan(0)
      expect(await open()).toEqual([join(root, 'large')])
      break
    }
    await object.stream().cancel()
    await storage.head('large')
    await storage.put('large', 'small')
    await expect(object.bytes()).rejects.toMatchObject({ code: 'precondition_failed' })
    expect(await open()).toEqual([])
  })
})

describe('readers and writers at the same time', () => {
  test('a reader sees whole versions, each with its own content type', async () => {
    const storage = storageIn(await scratchDirectory())
    const versions = ['text/plain', 'text/html'] as const
    await storage.put('object', versions[0], { contentType: versions[0] })
    const writer = (async () => {
      for (let n = 1; n <= 100; n++) {
        const version = versions[n % 2] ?? ''
        await storage.put('object', version, { contentType: version })
      }
      return 'done'
    })()
    let reads = 0
    while ((await Promise.race([writer, storage.get('object')])) !== 'done') {
      const object = await storage.get('object')
      expect(object.contentType).toBe(await object.text())
      reads++
    }
    expect(reads).toBeGreaterThan(0)
  })

  test('deleting the last object of a folder does not fail writers into it', async () => {
    const storage = storageIn(await scratchDirectory())
    await Promise.all(
      Array.from({ length: 4 }, async (_, n) => {
        for (let round = 0; round < 25; round++) {
          await storage.put(`a/b/${n}`, 'x')
          await storage.delete(`a/b/${n}`)
        }
      }),
    )
    expect(await collectKeys(storage.list())).toEqual([])
  })

  test('ifMatch holds among processes', async () => {
    const root = await scratchDirectory()
    const storage = storageIn(join(root, 'objects'))
    await storage.put('counter', '0')
    const script = join(root, 'increment.mjs')
    const resolveDir = import.meta.dirname
    const contents = `
      import { LocalStorage } from './local-storage.js'
      import { Storage } from './storage.js'
      const storage = new Storage('s', async () => new LocalStorage({ name: 's', path: process.argv[2] }))
      for (let done = 0; done < 25; ) {
        const object = await storage.get('counter')
        const next = String(Number(await object.text()) + 1)
        await storage.put('counter', next, { ifMatch: object.etag }).then(
          () => done++,
          (error) => { if (error.code !== 'precondition_failed') throw error },
        )
      }`
    await build({
      stdin: { contents, resolveDir },
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      outfile: script,
    })
    const children = Array.from({ length: 3 }, () => fork(script, [join(root, 'objects')], { execArgv: [] }))
    const exits = await Promise.all(children.map((child) => once(child, 'exit')))
    expect(exits).toEqual(children.map(() => [0, null]))
    expect(await (await storage.get('counter')).text()).toBe('75')
  })
})

test('a root that is itself a link is used where it leads', async () => {
  const directory = await scratchDirectory()
  await mkdir(join(directory, 'real'))
  await symlink('real', join(directory, 'link'))
  const storage = storageIn(join(directory, 'link'))
  await storage.put('a', 'x')
  expect(await readFile(join(directory, 'real/a'), 'utf8')).toBe('x')
  await rm(join(directory, 'real'), { recursive: true })
  expect(await storage.head('a')).toBeUndefined()
  expect(await collectKeys(storage.list())).toEqual([])
})
