import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { KeyFile } from './vault/local-vault-key.js'
import { LocalVault } from './vault/local-vault.js'
import { checkedBinding, resolveStorage, resolveVault } from './resolve-binding.js'
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
    await new LocalVault({ name: 'v', path, key: new KeyFile(`${path}.key`) }).set('a', 'b')
    const vault = resolveVault('my-ws', { ALIEN_MY_WS_BINDING: JSON.stringify({ service: 'local', path }) })
    expect(await vault.get('a')).toBe('b')
    const keyFile = join(directory, 'another.key')
    const other = JSON.stringify({ service: 'local', path, keyFile })
    await expect(resolveVault('my-ws', { ALIEN_MY_WS_BINDING: other }).get('a')).rejects.toThrow(keyFile)
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
    expect(await collectKeys(state.list())).toEqual(['storage/ws/a', 'vault/creds.json', 'vault/creds.json.key'])
  })

  test('the state directory is .alien in the working directory by default', () => {
    const path = join('.alien', 'vault', 'creds.json')
    expect(checkedBinding('vault', 'creds', { ALIEN_LOCAL_BINDINGS: '1' })).toMatchObject({ service: 'local', path })
  })
})

describe('each kind has its own services', () => {
  const wrong = (kind: 'storage' | 'vault', binding: object, problem: string): void => {
    expect(() => checkedBinding(kind, 'ws', { ALIEN_WS_BINDING: JSON.stringify(binding) })).toThrow(
      expect.objectContaining({
        code: 'invalid_configuration',
        message: expect.stringContaining(`which configures ${kind} "ws", is wrong: ${problem}; an example: `) as string,
      }),
    )
  }

  const storages = "'local' | 'memory' | 's3' | 'gcs' | 'azure-blob'"
  const vaults =
    "'local' | 'memory' | 'env' | 'aws-secrets-manager' | 'aws-ssm' | 'gcp-secret-manager' | 'azure-key-vault' | 'kubernetes'"

  test.each<['storage' | 'vault', object, string]>([
    ['storage', {}, `service: Invalid discriminator value. Expected ${storages}`],
    ['vault', { service: 's3' }, `service: Invalid discriminator value. Expected ${vaults}`],
    [
      'storage',
      { service: 's3', secretKey: 'hunter2' },
      'bucket: Invalid input: expected string, received undefined; Unrecognized key: "secretKey"',
    ],
    ['storage', { service: 'gcs', bucket: 'b', endpoint: 'ftp://x' }, 'endpoint: Invalid URL'],
    ['vault', { service: 'azure-key-vault', vaultUrl: 'http://x' }, 'vaultUrl: Invalid URL'],
    [
      'vault',
      { service: 'local', path: 'p', keyFile: 'k', passphraseVariable: 'P' },
      'keyFile, keyring and passphraseVariable exclude each other; give one',
    ],
  ])('%s %j: %s', wrong)

  test.each<['storage' | 'vault', object, string]>([
    ['storage', { service: 'memory' }, 'MemoryStorage'],
    ['storage', { service: 's3', bucket: 'b', region: 'eu-west-1' }, 'S3Storage'],
    ['storage', { service: 'gcs', bucket: 'b' }, 'GcsStorage'],
    [
      'storage',
      { service: 'azure-blob', accountUrl: 'https://a.blob.core.windows.net', container: 'c' },
      'AzureStorage',
    ],
    ['vault', { service: 'memory' }, 'MemoryVault'],
    ['vault', { service: 'env', prefix: 'P_' }, 'EnvironmentVault'],
    ['vault', { service: 'aws-ssm', cacheTtlMs: 0 }, 'AwsSsmVault'],
    ['vault', { service: 'aws-secrets-manager', cacheTtlMs: 0 }, 'AwsSecretsVault'],
    ['vault', { service: 'gcp-secret-manager', projectId: 'p', cacheTtlMs: 0 }, 'GcpVault'],
    ['vault', { service: 'azure-key-vault', vaultUrl: 'https://v.vault.azure.net', cacheTtlMs: 0 }, 'AzureVault'],
    ['vault', { service: 'kubernetes', path: '/p', cacheTtlMs: 0 }, 'KubernetesVault'],
    ['vault', { service: 'kubernetes', path: '/p' }, 'CachedVault'],
  ])('%s %j is a %s, opened once', (kind, binding, backend) => {
    const environment = { ALIEN_WS_BINDING: JSON.stringify(binding) }
    const open = kind === 'storage' ? resolveStorage : resolveVault
    const opened = open('ws', environment)
    expect(opened.constructor.name).toBe(backend)
    expect(open('ws', environment)).toBe(opened)
  })
})
