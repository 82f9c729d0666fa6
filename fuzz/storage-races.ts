/**
 * A storage in a folder where somebody hostile swaps folders and files for links all the time (`hostile-folders.js`):
 * whatever is read, written, copied, listed or deleted meanwhile, nothing of it is outside. Linux only: elsewhere there
 * is no such promise.
 */
import fc from 'fast-check'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BindingError } from '../bindings/binding-error.js'
import { LocalStorage } from '../bindings/storage/local-storage.js'
import { Storage } from '../bindings/storage/storage.js'
import type { Fuzzer } from './fuzzer.js'

const SECRET = 'outside the root'

const KEYS = [
  'f',
  'a/f',
  'a/b/f',
  'a/b/new',
  'a/new',
  'c/f',
  'c/new/f',
  'b',
  'a',
  'a/b',
  '../outside/f',
  'a/../../outside/f',
]
/** Reads more often than writes, which wait for the disk. */
const OPERATIONS = ['get', 'get', 'get', 'head', 'head', 'list', 'put', 'putNew', 'copy', 'delete'] as const

type Operation = (storage: Storage, key: string, other: string) => Promise<unknown>

const RUN: Readonly<Record<(typeof OPERATIONS)[number], Operation>> = {
  get: async (storage, key) => (await storage.get(key)).text(),
  head: (storage, key) => storage.head(key),
  list: async (storage, key) => {
    const listed: unknown[] = []
    for await (const object of storage.list({ prefix: key.startsWith('.') ? '' : key })) listed.push(object.size)
    return listed
  },
  put: (storage, key) => storage.put(key, 'inside', { contentType: 'text/plain' }),
  putNew: (storage, key) => storage.put(key, 'inside', { ifNotExists: true }),
  copy: async (storage, key, other) => {
    await storage.copy(key, other)
    return (await storage.get(other)).text()
  },
  delete: (storage, key) => storage.delete(key),
}

export const STORAGE_RACE_FUZZER: Fuzzer = {
  name: 'storage-race',
  inputs: fc.uint8Array({ minLength: 3, maxLength: 3 }),
  open: async () => {
    const machine = await mkdtemp(join(tmpdir(), 'alien-races-'))
    const [root, outside] = [join(machine, 'root'), join(machine, 'outside')]
    for (const folder of [outside, root]) {
      await mkdir(join(folder, 'a/b'), { recursive: true })
      await mkdir(join(folder, 'b'))
      await mkdir(join(folder, 'c'))
      const content = folder === outside ? SECRET : 'inside'
      for (const file of ['f', 'new', 'a/f', 'b/f', 'a/b/f']) await writeFile(join(folder, file), content)
    }
    const before = signature(outside)
    const storage = new Storage('races', () => Promise.resolve(new LocalStorage({ name: 'races', path: root })))
    await storage.put('first', '', { contentType: 'text/plain' })
    const hostile = fork('fuzz/hostile-folders.js', [root, outside], { execArgv: [] })
    await once(hostile, 'message')
    return {
      check: async ([operation = 0, key = 0, other = 0]) => {
        const run = RUN[OPERATIONS[operation % OPERATIONS.length] ?? 'get']
        const result = await run(storage, keyOf(key), keyOf(other)).catch((error: unknown) => {
          if (!(error instanceof BindingError)) throw error
        })
        if (JSON.stringify([result]).includes(SECRET)) throw new Error('read: what is outside')
        if (signature(outside) !== before) throw new Error('written: what is outside')
      },
      [Symbol.asyncDispose]: async () => {
        hostile.kill('SIGKILL')
        await once(hostile, 'exit')
        await rm(machine, { recursive: true, force: true })
      },
    }
  },
}

const keyOf = (byte: number): string => KEYS[byte % KEYS.length] ?? ''

/** Changes with any file or folder below. */
function signature(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      const path = join(folder, entry.name)
      const { ino, size, mtimeMs, nlink } = lstatSync(path)
      return `${entry.name} ${ino} ${size} ${mtimeMs} ${nlink}${entry.isDirectory() ? `(${signature(path)})` : ''}`
    })
    .join()
}
