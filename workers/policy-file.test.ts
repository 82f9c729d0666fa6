import { EventEmitter, once } from 'node:events'
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { PolicyFile } from './policy-file.js'

let folder: string
let file: string

beforeEach(async () => {
  folder = await scratchDirectory()
  file = join(folder, 'alien-policy.json')
})

/** As editors do: whole, in one step. */
async function replaceWith(text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

/** What is told of the file, to be awaited one by one. */
async function follow(required = true) {
  const events = new EventEmitter<{ told: [] }>()
  const backlog: unknown[] = []
  const tell = (told: unknown): void => {
    backlog.push(told)
    events.emit('told')
  }
  const opened = await PolicyFile.open(
    { file, required },
    { onPolicy: (policy) => tell(policy), onBroken: ({ code, message }) => tell(`${code}: ${message}`) },
  )
  onTestFinished(() => opened.close())
  const next = async (): Promise<unknown> => {
    if (backlog.length === 0) await once(events, 'told')
    return backlog.shift()
  }
  return { next, backlog, opened }
}

/** Between two steps of a test there may have been a look, which told `passing`. */
const nextBut = async (passing: string, next: () => Promise<unknown>): Promise<unknown> => {
  const told = await next()
  return told === passing ? next() : told
}

const GONE = () =>
  `invalid_request: there is no policy file ${file}; write one, {} allows everything, or name another with --policy or ALIEN_POLICY`

test('its policy is told as it is opened, and soon when it is another', async () => {
  await writeFile(file, '{"deny": ["a"]}')
  const { next, backlog } = await follow()
  expect(backlog).toEqual([{ deny: ['a'] }])
  backlog.pop()
  await replaceWith('{"deny": ["b"]}')
  const replacedAtMs = Date.now()
  expect(await next()).toEqual({ deny: ['b'] })
  expect(Date.now() - replacedAtMs).toBeLessThan(10_000)
})

test('a file written in place is read again', async () => {
  await writeFile(file, '{"deny": ["a"]}')
  const { next } = await follow()
  await next()
  await writeFile(file, '{"deny": ["b"]}')
  // A look may have come between its truncation and its text.
  const empty = `invalid_request: policy file ${file} is not JSON: Unexpected end of JSON input`
  expect(await nextBut(empty, next)).toEqual({ deny: ['b'] })
})

test('links that are swapped, as Kubernetes does, are followed', async () => {
  for (const version of ['1', '2']) {
    await mkdir(join(folder, version))
    await writeFile(join(folder, version, 'alien-policy.json'), `{"deny": ["v${version}"]}`)
  }
  await symlink('1', join(folder, '..data'))
  await symlink('..data/alien-policy.json', file)
  const { next } = await follow()
  expect(await next()).toEqual({ deny: ['v1'] })
  await symlink('2', join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  expect(await next()).toEqual({ deny: ['v2'] })
})

describe('once it was there', () => {
  test('what is wrong with it is told once, and so is its repair, even to what it was', async () => {
    await writeFile(file, '{}')
    const { next, backlog } = await follow()
    await next()
    await rm(file)
    expect(await next()).toBe(GONE())
    await replaceWith('{"deney": []}')
    expect(await next()).toBe(`invalid_request: policy file ${file}: $.deney: unknown key; the nearest is "deny"`)
    await rm(file)
    await mkdir(file)
    // Looks at what has been told already, in between, tell nothing.
    expect(await nextBut(GONE(), next)).toBe(`invalid_request: cannot read policy file ${file}: EISDIR`)
    await rm(file, { recursive: true })
    await replaceWith('{}')
    expect(await nextBut(GONE(), next)).toEqual({})
    expect(backlog).toEqual([])
  })
})

test.each(['[]', '{"deny": ["a"]}'])('what stays as it is, is told once: %s', async (text) => {
  await writeFile(file, '{}')
  const { next, backlog } = await follow()
  await next()
  await replaceWith(text)
  await next()
  // Another file, opened later, is seen to change twice: by then this one was looked at again.
  file = join(folder, 'other.json')
  await writeFile(file, '{}')
  const other = await follow()
  await other.next()
  for (const version of ['b', 'c']) {
    await replaceWith(`{"deny": ["${version}"]}`)
    expect(await other.next()).toEqual({ deny: [version] })
  }
  expect(backlog).toEqual([])
})

describe('one that need not be there', () => {
  test('may be missing, and counts from the moment it is there', async () => {
    const { next, backlog } = await follow(false)
    expect(backlog).toEqual([])
    await replaceWith('{"killSwitch": true}')
    expect(await next()).toEqual({ killSwitch: true })
    await rm(file)
    expect(await next()).toBe(GONE())
  })

  test('and is broken when it comes is told so', async () => {
    const { next } = await follow(false)
    await replaceWith('[]')
    expect(await next()).toBe(`invalid_request: policy file ${file}: $: Invalid input: expected object, received array`)
    await rm(file)
    expect(await next()).toBe(GONE())
  })
})

test.each<[string, () => Promise<unknown>, () => string]>([
  ['is missing', () => Promise.resolve(), () => GONE().replace('invalid_request: ', '')],
  ['is a folder', () => mkdir(file), () => `cannot read policy file ${file}: EISDIR`],
  ['is not JSON', () => writeFile(file, ''), () => `policy file ${file} is not JSON: Unexpected end of JSON input`],
  [
    'breaks the schema',
    () => writeFile(file, '{"allow": {}}'),
    () => `policy file ${file}: $.allow: Invalid input: expected array, received object`,
  ],
])('one that %s cannot be opened', async (_what, make, message) => {
  await make()
  await expect(follow()).rejects.toMatchObject({ name: 'CommandError', code: 'invalid_request', message: message() })
})

test('closed, it tells nothing any more', async () => {
  await writeFile(file, '{}')
  const { next, backlog, opened } = await follow()
  await next()
  opened.close()
  const other = await follow()
  await other.next()
  await replaceWith('{"allow": []}')
  expect(await other.next()).toEqual({ allow: [] })
  expect(backlog).toEqual([])
})
