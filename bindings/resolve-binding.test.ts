import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { resolveStorage, resolveVault } from './resolve-binding.js'
import { scratchDirectory } from './scratch.testsuite.js'
import { Storage } from './storage/storage.js'
import { collectKeys } from './storage/storage.testsuite.js'

const STORAGE_EXAMPLE = 'an example: {"service":"local","path":"/var/lib/my-ws"}'
const VAULT_EXAMPLE = 'an example: {"service":"local","path":"/var/lib/my-ws.json"}'

describe('configured', () => {
  test('a local storage and a local vault are where the variable says', async () => {
    const directory = await scratchDirectory()
    await writeFile(join(directory, 'object'), 'x')
    const storage = resolveStorage('my-ws', {
      ALIEN_MY_WS_BINDING: JSON.stringify({ service: 'local', path: directory }),
    })
    expect(await storage.head('object')).toMatchObject({ size: 1 })
    const path = join(directory, 'vault.json')
    await writeFile(path, '{"version":1,"secrets":{"a":"b"}}', { mode: 0o600 })
    const vault = resolveVault('my-ws', { ALIEN_MY_WS_BINDING: JSON.stringify({ service: 'local', path }) })
    expect(await vault.get('a')).toBe('b')
  })

  test('a relative path starts at the working directory, and the variable goes before local bindings', async () => {
    const directory = await scratchDirectory()
    await writeFile(join(directory, 'object'), 'x')
    const path = relative(process.cwd(), directory)
    const storage = resolveStorage('ws', {
      ALIEN_WS_BINDING: JSON.stringify({ service: 'local', path }),
      ALIEN_LOCAL_BINDINGS: '1',
      ALIEN_STATE_DIR: '/no/such/directory',
    })
    expect(await collectKeys(new Storage('ws', () => Promise.resolve(storage)).list())).toEqual(['object'])
  })

  test.each([
    ['{', 'it is not JSON'],
    ['null', 'Invalid input: expected object, received null'],
    ['{}', "service: Invalid discriminator value. Expected 'local'"],
    ['{"service":"s3","secretKey":"hunter2"}', "service: Invalid discriminator value. Expected 'local'"],
    ['{"service":"local"}', 'path: Invalid input: expected string, received undefined'],
    ['{"service":"local","path":""}', 'path: Too small: expected string to have >=1 characters'],
    ['{"service":"local","path":"p","mode":"hunter2"}', 'Unrecognized key: "mode"'],
  ])('%s is wrong: %s', (text, problem) => {
    const environment = { ALIEN_MY_WS_BINDING: text, ALIEN_LOCAL_BINDINGS: '1' }
    const message = (kind: string, example: string): string =>
      `ALIEN_MY_WS_BINDING, which configures ${kind} "my-ws", is wrong: ${problem}; ${example}`
    expect(() => resolveStorage('my-ws', environment)).toThrow(
      expect.objectContaining({ code: 'invalid_configuration', message: message('storage', STORAGE_EXAMPLE) }),
    )
    expect(() => resolveVault('my-ws', environment)).toThrow(
      expect.objectContaining({ code: 'invalid_configuration', message: message('vault', VAULT_EXAMPLE) }),
    )
  })
})

describe('not configured', () => {
  test.each([{}, { ALIEN_MY_WS_BINDING: '' }, { ALIEN_LOCAL_BINDINGS: '0' }, { ALIEN_STATE_DIR: '/tmp' }])(
    'by %o is an error that says what to set',
    (environment) => {
      expect(() => resolveStorage('my-ws', environment)).toThrow(
        expect.objectContaining({
          code: 'not_configured',
          message:
            'storage "my-ws" is not configured: set ALIEN_MY_WS_BINDING, for example to {"service":"local","path":"/var/lib/my-ws"}, or ALIEN_LOCAL_BINDINGS=1 for local bindings',
        }),
      )
      expect(() => resolveVault('my-ws', environment)).toThrow(
        expect.objectContaining({
          code: 'not_configured',
          message:
            'vault "my-ws" is not configured: set ALIEN_MY_WS_BINDING, for example to {"service":"local","path":"/var/lib/my-ws.json"}, or ALIEN_LOCAL_BINDINGS=1 for local bindings',
        }),
      )
    },
  )

  test('local bindings live in the state directory', async () => {
    const stateDir = await scratchDirectory()
    const environment = { ALIEN_LOCAL_BINDINGS: '1', ALIEN_STATE_DIR: stateDir }
    await resolveStorage('ws', environment).write('a', Buffer.from('x'), {})
    await resolveVault('creds', environment).set('a', 'x')
    const state = new Storage('state', () =>
      Promise.resolve(resolveStorage('s', { ALIEN_S_BINDING: JSON.stringify({ service: 'local', path: stateDir }) })),
    )
    expect(await collectKeys(state.list())).toEqual(['storage/ws/a', 'vault/creds.json'])
  })

  test('the state directory is .alien in the working directory by default', () => {
    const { howToSet } = resolveVault('creds', { ALIEN_LOCAL_BINDINGS: '1' })
    expect(howToSet).toBe(`add it to "secrets" in ${join(process.cwd(), '.alien/vault/creds.json')}`)
  })
})
