import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { scratchDirectory } from '../scratch.testsuite.js'
import { KeyFile, Passphrase, type LocalVaultKey } from './local-vault-key.js'
import { LocalVault } from './local-vault.js'
import { testVault } from './vault.testsuite.js'
import { Vault } from './vault.js'

const vaultAt = (path: string, key: LocalVaultKey = new KeyFile(`${path}.key`)): Vault =>
  new Vault('credentials', () => Promise.resolve(new LocalVault({ name: 'credentials', path, key })))

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8)

const passphrase = (PASS: string | undefined): Passphrase => new Passphrase('PASS', { PASS })

/** The path of a vault that holds one secret. */
async function filledVault(key?: LocalVaultKey): Promise<string> {
  const path = join(await scratchDirectory(), 'credentials.json')
  await vaultAt(path, key).set('warehouse', 'hunter2')
  return path
}

describe('contract, with a key file', () => {
  testVault({
    open: async () => {
      const path = join(await scratchDirectory(), 'not/there/vault.json')
      return new LocalVault({ name: 'contract', path, key: new KeyFile(`${path}.key`) })
    },
  })
})

describe('contract, with a passphrase', () => {
  testVault({
    open: async () =>
      new LocalVault({ name: 'contract', path: join(await scratchDirectory(), 'v'), key: passphrase('correct horse') }),
  })
})

describe('the file', () => {
  test('is for its owner only, as are its directory and its key', async () => {
    const directory = join(await scratchDirectory(), 'state/vault')
    const path = join(directory, 'credentials.json')
    await vaultAt(path).set('warehouse', 'hunter2')
    expect(await modeOf(path)).toBe('600')
    expect(await modeOf(`${path}.key`)).toBe('600')
    expect(await modeOf(directory)).toBe('700')
    expect(await readdir(directory)).toEqual(['credentials.json', 'credentials.json.key'])
  })

  test('shows neither values nor keys, and is another one each time', async () => {
    const path = await filledVault()
    const first = await readFile(path, 'utf8')
    expect(first).not.toMatch(/hunter2|warehouse/)
    await vaultAt(path).set('warehouse', 'hunter2')
    expect(await readFile(path, 'utf8')).not.toBe(first)
  })

  test('tells how to set what is missing', async () => {
    const path = join(await scratchDirectory(), 'credentials.json')
    await expect(vaultAt(path).getSecret('warehouse')).rejects.toThrow(
      'no secret "warehouse" in vault "credentials"; run: alien vault set credentials warehouse',
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

  test.each(['', '.key'])('is not read when others may open it: %s', async (suffix) => {
    const path = await filledVault()
    await chmod(path + suffix, 0o640)
    const refused = {
      code: 'access_denied',
      message: `vault "credentials": other users may open ${path}${suffix} (mode 640); run: chmod 600 ${path}${suffix}`,
    }
    const vault = vaultAt(path)
    await expect(vault.get('a')).rejects.toMatchObject(refused)
    await expect(vault.set('a', 'b')).rejects.toMatchObject(refused)
    await expect(vault.list()).rejects.toMatchObject(refused)
  })

  test.each(['', 'hunter2', '{"version":1,"secrets":{"a":"hunter2"}}', '{"version":2}'])(
    'is not overwritten when it is no vault: %j',
    async (content) => {
      const path = join(await scratchDirectory(), 'credentials.json')
      await writeFile(path, content, { mode: 0o600 })
      await expect(vaultAt(path).set('a', 'b')).rejects.toMatchObject({
        code: 'invalid_content',
        message: `vault "credentials": ${path} is no vault; move it away, and set the secrets by: alien vault set`,
      })
      expect(await readFile(path, 'utf8')).toBe(content)
    },
  )

  test('cannot be a directory', async () => {
    const path = join(await scratchDirectory(), 'folder')
    await mkdir(path, { mode: 0o700 })
    await expect(vaultAt(path).get('a')).rejects.toMatchObject({
      code: 'unavailable',
      message: 'vault "credentials": the file system failed (EISDIR)',
    })
  })
})

describe('the key', () => {
  const doesNotOpen = (path: string): object => ({
    code: 'access_denied',
    message: `vault "credentials": the key does not open ${path}: it is another one, or the file was changed`,
  })

  test('must be the same', async () => {
    const path = await filledVault()
    await writeFile(`${path}.key`, `${Buffer.alloc(32, 1).toString('base64')}\n`)
    await expect(vaultAt(path).get('warehouse')).rejects.toMatchObject(doesNotOpen(path))
    await expect(vaultAt(path).set('a', 'b')).rejects.toMatchObject(doesNotOpen(path))
    const other = await filledVault(passphrase('right'))
    expect(await vaultAt(other, passphrase('right')).get('warehouse')).toBe('hunter2')
    await expect(vaultAt(other, passphrase('wrong')).get('warehouse')).rejects.toMatchObject(doesNotOpen(other))
  })

  test.each(['iv', 'tag', 'data'] as const)('opens nothing in which a bit was changed: %s', async (field) => {
    const path = await filledVault()
    const file = JSON.parse(await readFile(path, 'utf8')) as Record<typeof field, string>
    const bytes = Buffer.from(file[field], 'base64')
    bytes[0] = (bytes[0] ?? 0) ^ 1
    await writeFile(path, JSON.stringify({ ...file, [field]: bytes.toString('base64') }))
    await expect(vaultAt(path).get('warehouse')).rejects.toMatchObject(doesNotOpen(path))
  })

  test.each<[string, LocalVaultKey, string]>([
    ['of the other kind', passphrase('x'), 'is encrypted with a key file; name it as "keyFile"'],
    ['that is not there', new KeyFile('/no/such.key'), ': the key file /no/such.key is missing'],
  ])('%s opens nothing', async (_, key, problem) => {
    const path = await filledVault()
    const error: unknown = await vaultAt(path, key)
      .get('warehouse')
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'invalid_configuration' })
    expect(String(error)).toContain(problem)
  })

  test('that is none is told', async () => {
    const path = await filledVault()
    await writeFile(`${path}.key`, 'c2hvcnQ=')
    await expect(vaultAt(path).get('warehouse')).rejects.toThrow(
      `vault "credentials": the key file ${path}.key must hold 32 bytes as base64`,
    )
    const other = await filledVault(passphrase('right'))
    await expect(vaultAt(other, passphrase(undefined)).get('warehouse')).rejects.toThrow(
      'vault "credentials": set PASS to the passphrase of the vault',
    )
    await expect(vaultAt(other).get('warehouse')).rejects.toThrow(
      'vault "credentials" is encrypted with a passphrase; name its variable as "passphraseVariable"',
    )
  })
})

/** The path of a program made of `contents`, which imports from this folder. */
async function bundled(directory: string, contents: string): Promise<string> {
  const outfile = join(directory, 'program.mjs')
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
  })
  return outfile
}

test('secrets that several processes set at the same time are all kept', async () => {
  const directory = await scratchDirectory()
  const contents = `
    import { KeyFile } from './local-vault-key.js'
    import { LocalVault } from './local-vault.js'
    const [path, name] = process.argv.slice(2)
    const vault = new LocalVault({ name: 'v', path, key: new KeyFile(path + '.key') })
    for (let n = 0; n < 20; n++) await vault.set(name + n, 'value')`
  const script = await bundled(directory, contents)
  const path = join(directory, 'vault.json')
  const children = ['a', 'b', 'c'].map((name) => fork(script, [path, name], { execArgv: [] }))
  const exits = await Promise.all(children.map((child) => once(child, 'exit')))
  expect(exits).toEqual(children.map(() => [0, null]))
  expect(await vaultAt(path).list()).toHaveLength(60)
})

test('what writers of the key file that were killed left goes when it is made, and nothing else', async () => {
  const folder = await scratchDirectory()
  const uuid = '0b6f5d2e-9c3a-4e1f-8a7b-1c2d3e4f5a6b'
  const [left, other] = [`credentials.json.key.${uuid}.tmp`, `other.json.key.${uuid}.tmp`]
  const recent = `credentials.json.key.1${uuid.slice(1)}.tmp`
  for (const name of [left, other, recent]) await writeFile(join(folder, name), 'x')
  for (const name of [left, other]) await utimes(join(folder, name), 1, 1)
  await vaultAt(join(folder, 'credentials.json')).set('warehouse', 'hunter2')
  expect(await readdir(folder)).toEqual(['credentials.json', 'credentials.json.key', recent, other])
})

test.each(['before', 'after'])('a writer that is killed %s the key file has its name is no harm', async (when) => {
  const folder = await scratchDirectory()
  const contents = `
    import fs from 'node:fs/promises'
    import { syncBuiltinESMExports } from 'node:module'
    import { KeyFile } from './local-vault-key.js'
    import { LocalVault } from './local-vault.js'
    const [path, when] = process.argv.slice(2)
    const { link } = fs
    fs.link = async (from, to) => {
      if (when === 'after') await link(from, to)
      process.kill(process.pid, 'SIGKILL')
    }
    syncBuiltinESMExports()
    await new LocalVault({ name: 'v', path, key: new KeyFile(path + '.key') }).set('a', 'lost')`
  const path = join(folder, 'vault.json')
  const child = fork(await bundled(folder, contents), [path, when], { execArgv: [] })
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
  const [left = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tmp'))
  expect(await modeOf(join(folder, left))).toBe('600')
  await vaultAt(path).set('warehouse', 'hunter2')
  expect(await vaultAt(path).get('warehouse')).toBe('hunter2')
})

test('what writers that were killed left goes with the next write, and nothing else', async () => {
  const path = await filledVault()
  const folder = join(path, '..')
  const uuid = '0b6f5d2e-9c3a-4e1f-8a7b-1c2d3e4f5a6b'
  const files = [`credentials.json.${uuid}.tmp`, `${uuid}.tmp`, `other.json.${uuid}.tmp`]
  for (const name of files) {
    await writeFile(join(folder, name), 'x')
    await utimes(join(folder, name), 1, 1)
  }
  await writeFile(join(folder, `credentials.json.1${uuid.slice(1)}.tmp`), 'of a writer under way')
  await vaultAt(path).set('warehouse', 'hunter3')
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([
    `${uuid}.tmp`,
    `credentials.json.1${uuid.slice(1)}.tmp`,
    `other.json.${uuid}.tmp`,
  ])
})
