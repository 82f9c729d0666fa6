/** Keys come from callers: whatever they name, nothing outside the root is read, written, made or deleted. */
import { lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BindingError } from '../binding-error.js'
import { scratchDirectory } from '../scratch.testsuite.js'
import { LocalStorage } from './local-storage.js'
import { collectKeys } from './storage.testsuite.js'
import { Storage } from './storage.js'

const SECRET = 'outside the root'

/** A root in a directory full of things that are none of its business, and links of all kinds to them. */
async function openPrison(): Promise<{ outside: string; root: string; storage: Storage }> {
  const outside = await scratchDirectory()
  const root = join(outside, 'root')
  for (const folder of ['root/inside', 'root-2', 'other/deep', 'root/.alien/vault']) {
    await mkdir(join(outside, folder), { recursive: true })
  }
  for (const file of ['secret', 'root-2/secret', 'other/secret', 'other/deep/secret', 'root/.alien/vault/secret']) {
    await writeFile(join(outside, file), SECRET)
  }
  await writeFile(join(root, 'inside/file'), 'inside')
  const links = {
    'file-link': '../secret',
    'dir-link': '../other',
    'absolute-link': join(outside, 'other'),
    'parent-link': '..',
    'sibling-link': '../root-2',
    'chained-link': 'dir-link/deep',
    'dangling-link': '../not-there',
    'loop-link': 'loop-link',
    'reserved-link': '.alien',
    'reserved-deep-link': '.alien/vault',
    'etc-link': '/etc',
    'inside/up-link': '../..',
    'inside-file-link': 'inside/file',
    'inside-link': 'inside',
    'self-link': '.',
  }
  for (const [path, target] of Object.entries(links)) await symlink(target, join(root, path))
  return {
    outside,
    root,
    storage: new Storage('prison', () => Promise.resolve(new LocalStorage({ name: 'prison', path: root }))),
  }
}

const REFUSED_BY_RULE = [
  '../secret',
  '../root-2/secret',
  '..',
  '.',
  './../secret',
  'inside/../../secret',
  'inside/..',
  'missing/../../secret',
  '/etc/passwd',
  '//etc/passwd',
  'inside//../secret',
  '..\\secret',
  'inside\\..\\..\\secret',
  '../secret\0.txt',
  '..\n/secret',
  '.alien/vault/secret',
  '.ALIEN/vault/secret',
  'self-link/.alien/vault/secret',
  'x/'.repeat(512) + 'x',
]

const REFUSED_BY_LINK = [
  'file-link',
  'dir-link/secret',
  'dir-link/deep/secret',
  'dir-link/new/folder/file',
  'absolute-link/secret',
  'parent-link/secret',
  'parent-link/root/inside/file',
  'sibling-link/secret',
  'chained-link/secret',
  'dangling-link',
  'dangling-link/file',
  'loop-link',
  'loop-link/file',
  'reserved-link/vault/secret',
  'reserved-deep-link/secret',
  'etc-link/passwd',
  'etc-link/new-file',
  'inside/up-link/secret',
  'inside-link/up-link/secret',
  'self-link/self-link/parent-link/secret',
  'self-link/file-link',
  'inside-file-link',
  'inside-link',
]

/** Legal, if odd: whatever they look like to a shell, a URL or another system, here they are names. */
const HARMLESS = [
  '%2e%2e/secret',
  '..%2fsecret',
  '%2e%2e%2fsecret',
  '%252e%252e%252fsecret',
  '..../secret',
  '.../secret',
  '..;/secret',
  '.. /secret',
  ' ../secret',
  '\uff0e\uff0e/secret',
  '\u2025/secret',
  '..\u2215secret',
  '..\u200b/secret',
  '~/secret',
  '$HOME/secret',
  '$(id)',
  'C:/secret',
  'file:/etc/passwd',
  'inside/file',
  'inside-link/file',
  'self-link/self-link/inside/file',
  'new/folder/file',
]

const operations: Readonly<Record<string, (storage: Storage, key: string) => Promise<unknown>>> = {
  get: async (storage, key) => (await storage.get(key)).text(),
  head: (storage, key) => storage.head(key),
  put: (storage, key) => storage.put(key, 'intruder'),
  'put ifNotExists': (storage, key) => storage.put(key, 'intruder', { ifNotExists: true }),
  'copy from': async (storage, key) => {
    await storage.copy(key, 'loot')
    return (await storage.get('loot')).text()
  },
  'copy to': (storage, key) => storage.copy('inside/file', key),
  delete: (storage, key) => storage.delete(key),
}

describe.each(Object.keys(operations))('%s', (name) => {
  const run = operations[name] ?? (() => Promise.reject(new Error('no such operation')))

  test('refuses what leads out, and leaves everything as it was', async () => {
    const { outside, root, storage } = await openPrison()
    const before = await snapshot(outside)
    for (const key of [...REFUSED_BY_RULE, ...REFUSED_BY_LINK]) {
      const outcome = await run(storage, key).catch((error: unknown) => error)
      expect(outcome, key).toBeInstanceOf(BindingError)
      expect(outcome, key).toMatchObject({ code: 'invalid_key' })
      expect(withoutWorkFolders(await snapshot(outside), root), key).toEqual(before)
    }
  })

  test('takes odd names as names inside', async () => {
    const { outside, root, storage } = await openPrison()
    const outsideOnly = (files: Snapshot): Snapshot => files.filter(([path]) => !path.startsWith(`${root}/`))
    const before = outsideOnly(await snapshot(outside))
    const absentOrTaken = expect.stringMatching(/^(not_found|precondition_failed)$/) as string
    for (const key of HARMLESS) {
      const outcome = await run(storage, key).catch((error: unknown) => error)
      expect(outcome, key).not.toBe(SECRET)
      if (outcome instanceof Error) expect(outcome, key).toMatchObject({ code: absentOrTaken })
      expect(outsideOnly(await snapshot(outside)), key).toEqual(before)
    }
  })
})

describe('the error', () => {
  test.each([
    ['dir-link/deep/secret', '"dir-link" is a symbolic link that leads out of the storage'],
    ['inside/up-link/secret', '"inside/up-link" is a symbolic link that leads out of the storage'],
    ['reserved-link/vault/secret', '"reserved-link" is a symbolic link that leads out of the storage'],
    ['dangling-link/file', '"dangling-link" is a symbolic link that leads out of the storage'],
    ['file-link', 'it is a symbolic link'],
  ])('for %s says: %s', async (key, problem) => {
    const { storage } = await openPrison()
    const message = `object "${key}" in storage "prison" is not allowed: ${problem}`
    await expect(storage.get(key)).rejects.toThrow(message)
    await expect(storage.put(key, 'x')).rejects.toThrow(message)
    await expect(storage.delete(key)).rejects.toThrow(message)
  })
})

describe('list', () => {
  test('shows what is inside, once, and follows no link', async () => {
    const { storage } = await openPrison()
    expect(await collectKeys(storage.list())).toEqual(['inside/file'])
  })

  test.each(['dir-link/', 'parent-link/', 'reserved-link/', '.al', '..', '.', 'etc-link/'])(
    'of %j is empty',
    async (prefix) => {
      const { storage } = await openPrison()
      expect(await collectKeys(storage.list({ prefix }))).toEqual([])
    },
  )

  test.each(['../', '/', 'inside/../../', '.alien/', '..\\'])('of %j is refused', async (prefix) => {
    const { storage } = await openPrison()
    await expect(collectKeys(storage.list({ prefix }))).rejects.toMatchObject({ code: 'invalid_key' })
  })
})

test('a put through a folder link inside the root lands in the real folder', async () => {
  const { root, storage } = await openPrison()
  await storage.put('inside-link/new', 'x')
  expect(await readFile(join(root, 'inside/new'), 'utf8')).toBe('x')
})

type Snapshot = [path: string, content: string][]

/** Every path below `directory` with what it holds. */
async function snapshot(directory: string): Promise<Snapshot> {
  const found: Snapshot = []
  for (const name of (await readdir(directory)).sort()) {
    const path = join(directory, name)
    const stats = await lstat(path)
    if (stats.isSymbolicLink()) found.push([path, `-> ${await readlink(path)}`])
    else if (stats.isDirectory()) found.push([path, 'folder'], ...(await snapshot(path)))
    else found.push([path, await readFile(path, 'utf8')])
  }
  return found
}

/** The storage's own empty folders may have been made. */
const withoutWorkFolders = (files: Snapshot, root: string): Snapshot =>
  files.filter(([path]) => !['tmp', 'types'].some((folder) => path === join(root, '.alien', folder)))
