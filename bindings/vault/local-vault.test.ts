import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { scratchDirectory } from '../scratch.testsuite.js'
import { LocalVault } from './local-vault.js'
import { testVault } from './vault.testsuite.js'
import { Vault } from './vault.js'

const vaultAt = (path: string): Vault =>
  new Vault('credentials', () => Promise.resolve(new LocalVault({ name: 'credentials', path })))

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8)

async function vaultHolding(content: string, mode = 0o600): Promise<{ path: string; vault: Vault }> {
  const path = join(await scratchDirectory(), 'credentials.json')
  await writeFile(path, content)
  await chmod(path, mode)
  return { path, vault: vaultAt(path) }
}

describe('contract', () => {
  testVault({
    open: async () =>
      new LocalVault({ name: 'contract', path: join(await scratchDirectory(), 'not/there/vault.json') }),
  })
})

describe('the file', () => {
  test('is for its owner only, as is its directory', async () => {
    const directory = join(await scratchDirectory(), 'state/vault')
    const path = join(directory, 'credentials.json')
    await vaultAt(path).set('warehouse', 'hunter2')
    expect(await modeOf(path)).toBe('600')
    expect(await modeOf(directory)).toBe('700')
    expect(await readdir(directory)).toEqual(['credentials.json'])
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: 1, secrets: { warehouse: 'hunter2' } })
  })

  test('can be written by hand', async () => {
    const { vault } = await vaultHolding('{"version":1,"secrets":{"warehouse":"hunter2"}}')
    expect(await vault.getSecret('warehouse')).toBe('hunter2')
  })

  test('is named when a secret is missing', async () => {
    const path = join(await scratchDirectory(), 'credentials.json')
    await expect(vaultAt(path).getSecret('warehouse')).rejects.toThrow(
      `no secret "warehouse" in vault "credentials"; add it to "secrets" in ${path}`,
    )
  })

  test('is not made by reading or deleting', async () => {
    const directory = await scratchDirectory()
    const vault = vaultAt(join(directory, 'vault/credentials.json'))
    await vault.get('a')
    await vault.list()
    await vault.delete('a')
    expect(await readdir(directory)).toEqual([])
  })

  test.each([0o640, 0o604, 0o666])('is not read when others may open it (mode %o)', async (mode) => {
    const { path, vault } = await vaultHolding('{"version":1,"secrets":{}}', mode)
    const refused = {
      code: 'access_denied',
      message: `vault "credentials": other users may open ${path} (mode ${mode.toString(8)}); run: chmod 600 ${path}`,
    }
    await expect(vault.get('a')).rejects.toMatchObject(refused)
    await expect(vault.set('a', 'b')).rejects.toMatchObject(refused)
    await expect(vault.list()).rejects.toMatchObject(refused)
  })

  test.each([
    '',
    'hunter2',
    '"hunter2"',
    '{"secrets":{}}',
    '{"version":2,"secrets":{}}',
    '{"version":1,"secrets":["hunter2"]}',
  ])('is not overwritten, nor shown, when it holds %j', async (content) => {
    const { path, vault } = await vaultHolding(content)
    const error: unknown = await vault.set('a', 'b').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'invalid_content',
      message: `vault "credentials": ${path} must hold JSON of the form {"version":1,"secrets":{"key":"value"}}`,
    })
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('hunter2')
    expect(await readFile(path, 'utf8')).toBe(content)
  })

  test('holds strings only', async () => {
    const { path, vault } = await vaultHolding('{"version":1,"secrets":{"a":{"password":"hunter2"}}}')
    await expect(vault.get('a')).rejects.toThrow(`vault "credentials": secret "a" in ${path} must be a string`)
  })

  test('cannot be a directory', async () => {
    const path = join(await scratchDirectory(), 'folder')
    await mkdir(path, { mode: 0o700 })
    await expect(vaultAt(path).get('a')).rejects.toMatchObject({
      code: 'unavailable',
      message: 'vault "credentials": the file system failed (EISDIR)',
    })
  })
})

test('secrets that several processes set at the same time are all kept', { timeout: 30_000 }, async () => {
  const directory = await scratchDirectory()
  const script = join(directory, 'set.mjs')
  const contents = `
    import { LocalVault } from './local-vault.js'
    const [path, name] = process.argv.slice(2)
    const vault = new LocalVault({ name: 'v', path })
    for (let n = 0; n < 20; n++) await vault.set(name + n, 'value')`
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
  })
  const path = join(directory, 'vault.json')
  const children = ['a', 'b', 'c'].map((name) => fork(script, [path, name], { execArgv: [] }))
  const exits = await Promise.all(children.map((child) => once(child, 'exit')))
  expect(exits).toEqual(children.map(() => [0, null]))
  expect(await vaultAt(path).list()).toHaveLength(60)
})
