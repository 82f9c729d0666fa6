/** `alien vault` and `alien bindings check`, as an operator uses them. */
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alien } from './support/cli.js'

let cwd: string

beforeAll(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'alien-cli-bindings-')))
})

afterAll(() => rm(cwd, { recursive: true, force: true }))

const FALLBACK = (): string =>
  `vault "credentials" is not configured by ALIEN_CREDENTIALS_BINDING: a local one stands in, in ${cwd}/.alien`

describe('alien vault', () => {
  test('sets, shows, lists and deletes secrets of the vault that alien dev uses', async () => {
    const input = '{"password":"hunter2"}\n'
    const set = await alien(['vault', 'set', 'credentials', 'warehouse'], { cwd, input })
    expect(set).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: `${FALLBACK()}\nsecret "warehouse" in vault "credentials" is set`,
    })
    expect(await readdir(join(cwd, '.alien/vault'))).toEqual(['credentials.json', 'credentials.json.key'])
    expect(await readFile(join(cwd, '.alien/vault/credentials.json'), 'utf8')).not.toContain('hunter2')
    const get = await alien(['vault', 'get', 'credentials', 'warehouse'], { cwd })
    expect(get.stdout).toBe('{"password":"hunter2"}')
    expect((await alien(['vault', 'list', 'credentials'], { cwd })).stdout).toBe('warehouse')
    const removed = await alien(['vault', 'delete', 'credentials', 'warehouse'], { cwd })
    expect(removed.stderr).toBe(`${FALLBACK()}\nsecret "warehouse" in vault "credentials" is gone`)
    expect((await alien(['vault', 'list', 'credentials', '--json'], { cwd })).stdout).toBe('[]')
  })

  test.each([
    [
      ['get', 'credentials', 'missing'],
      'no secret "missing" in vault "credentials"; run: alien vault set credentials missing',
    ],
    [['get', 'Credentials', 'x'], 'vault name "Credentials" must be 1 to 63 lower-case letters'],
    [['set', 'credentials', '../x'], 'key "../x" in vault "credentials" is not allowed'],
  ])('%j is a bad call', async (args, problem) => {
    const { exitCode, stderr } = await alien(['vault', ...args], { cwd, input: 'x' })
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`error invalid_request: ${problem}`)
  })
})

describe('alien bindings check', () => {
  test('tries what is configured', async () => {
    await mkdir(join(cwd, 'workspace'))
    const env = {
      ALIEN_WORKSPACE_BINDING: JSON.stringify({ service: 'local', path: join(cwd, 'workspace') }),
      ALIEN_KEYS_BINDING: '{"service":"env","prefix":"KEYS_"}',
    }
    expect(await alien(['bindings', 'check'], { cwd, env })).toEqual({
      exitCode: 0,
      stdout: 'vault "keys" (env) works\nstorage "workspace" (local) works',
      stderr: '',
    })
  })

  test('sets and deletes a secret in each vault when it is asked to, and leaves none', async () => {
    const env = {
      ALIEN_CREDENTIALS_BINDING: JSON.stringify({ service: 'local', path: join(cwd, 'written', 'vault.json') }),
      ALIEN_KEYS_BINDING: '{"service":"env","prefix":"KEYS_"}',
    }
    await alien(['vault', 'set', 'credentials', 'warehouse'], { cwd, env, input: 'hunter2' })
    const { exitCode, stdout } = await alien(['bindings', 'check', '--write'], { cwd, env })
    expect(exitCode).toBe(2)
    expect(stdout.replace(/check-[\w-]+/g, 'check-…').split('\n')).toEqual([
      'vault "credentials" (local) works',
      'vault "keys" (env) fails: secret "alien-bindings-check-…" in vault "keys" cannot be set from here; start this process with the variable KEYS_alien-bindings-check-…',
    ])
    expect((await alien(['vault', 'list', 'credentials'], { cwd, env })).stdout).toBe('warehouse')
  })

  test('tells what fails and what is wrong, at once', async () => {
    await writeFile(join(cwd, 'file'), '', { mode: 0o600 })
    const env = {
      ALIEN_A_BINDING: JSON.stringify({ service: 'local', path: join(cwd, 'file') }),
      ALIEN_B_BINDING: '{"service":"s3"}',
    }
    const { exitCode, stdout } = await alien(['bindings', 'check', '--json'], { cwd, env })
    expect(exitCode).toBe(2)
    expect(JSON.parse(stdout)).toEqual({
      bindings: [
        {
          kind: 'vault',
          name: 'a',
          service: 'local',
          failures: [
            `vault "a": ${join(cwd, 'file')} is no vault; move it away, and set the secrets by: alien vault set`,
          ],
        },
      ],
      problems: [expect.stringMatching(/^ALIEN_B_BINDING, which configures storage "b", is wrong: bucket: /)],
    })
  })

  test('makes nothing where a vault may be meant that is not there yet', async () => {
    const env = { ALIEN_KEYS_BINDING: JSON.stringify({ service: 'local', path: join(cwd, 'data', 'vault.json') }) }
    const { exitCode, stdout } = await alien(['bindings', 'check'], { cwd, env })
    expect(exitCode).toBe(2)
    expect(stdout).toBe(
      'ALIEN_KEYS_BINDING may be of a storage or of a vault, and there is nothing at its path yet; say which in alien.ts, by .link(storage("keys")) or .link(vault("keys")), and run it again',
    )
    expect(await readdir(cwd)).not.toContain('data')
  })

  test('knows the links of alien.ts', async () => {
    const folder = join(cwd, 'linked')
    await writeFile(join(cwd, 'handlers.ts'), '')
    const source = `import * as alien from '@alienplatform/sdk'
      new alien.Function('agent').code({ type: 'source', src: '../handlers.ts', toolchain: { type: 'typescript' } })
        .commandsEnabled(true)
        .link(alien.storage('scratch'), { service: 'memory' })
        .link(alien.vault('credentials'))
        .build()`
    await mkdir(folder)
    await writeFile(join(folder, 'alien.ts'), source)
    const { exitCode, stdout } = await alien(['bindings', 'check'], { cwd: folder })
    expect(exitCode).toBe(2)
    expect(stdout).toContain(
      'storage "scratch" (memory) works\nvault "credentials" is not configured: set ALIEN_CREDENTIALS_BINDING',
    )
  })

  test('says so when there is nothing', async () => {
    expect(await alien(['bindings', 'check'], { cwd })).toMatchObject({
      exitCode: 0,
      stderr: 'no bindings are configured: set ALIEN_<NAME>_BINDING, or .link(storage(…)) a function in ./alien.ts',
    })
  })
})
