/**
 * What `alien bindings check` tells of permissions that are missing at Google and Azure: each is named, and no other.
 * Servers answer as the services document it, and their own SDKs ask; Amazon's are in `permissions.leg.ts`.
 */
import { CRC32C } from '@google-cloud/storage'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startKeyVault, vaultOn } from '../tests/cloud/key-vault-server.js'
import { useServiceAccount } from '../tests/cloud/service-account.js'
import { servedInTest } from '../tests/support/served-in-test.js'
import { probeStorage, probeVault } from './probe-binding.js'
import { AzureStorage } from './storage/azure-storage.js'
import { GcsStorage } from './storage/gcs-storage.js'
import type { StorageBackend } from './storage/storage-backend.js'
import { Storage } from './storage/storage.js'
import { GcpVault } from './vault/gcp-vault.js'
import type { VaultBackend } from './vault/vault-backend.js'
import { Vault } from './vault/vault.js'

type Answering = (asked: Asked, answer: ServerResponse) => void

interface Asked {
  readonly method: string
  readonly path: string
  readonly body: string
}

/** Denies what one of `mayNot` finds in the method and URL of, and answers the rest. */
const serving = (mayNot: readonly RegExp[], deny: (answer: ServerResponse) => void, answers: Answering) => {
  const respond = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const [method, url] = [asked.method ?? '', asked.url ?? '']
    const body = await text(asked)
    if (mayNot.some((what) => what.test(`${method} ${url}`))) deny(answer)
    else answers({ method, path: new URL(url, 'http://cloud').pathname, body }, answer)
  }
  return servedInTest(createServer((asked, answer) => void respond(asked, answer)))
}

const json = (answer: ServerResponse, status: number, body: object): void =>
  void answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

const LAST_MODIFIED = 'Mon, 02 Nov 2026 10:00:00 GMT'

/** The failures, in words without what is another each time. */
const told = (failures: readonly string[]): string[] =>
  failures.map((failure) => failure.replace(/alien-bindings-check[\w/-]+/g, 'KEY'))

async function checkStorage(backend: StorageBackend): Promise<string[]> {
  return told(await probeStorage(new Storage('ws', () => Promise.resolve(backend))))
}

async function checkVault(backend: VaultBackend): Promise<string[]> {
  return told(await probeVault(new Vault('keys', () => Promise.resolve(backend)), true))
}

describe('Google Cloud Storage', () => {
  const deny = (answer: ServerResponse): void =>
    json(answer, 403, {
      error: { code: 403, message: 'hunter2 has no access', errors: [{ domain: 'global', reason: 'forbidden' }] },
    })
  const object = (body: string): object => {
    const crc32c = new CRC32C()
    crc32c.update(Buffer.from(body))
    return { size: String(body.length), contentType: 'text/plain', generation: '7', crc32c: crc32c.toString() }
  }
  const answers: Answering = ({ method, path, body }, answer) => {
    if (method === 'DELETE') answer.writeHead(204).end()
    else if (path.endsWith('/o') && method === 'GET') json(answer, 200, { items: [] })
    // The second part of two is the content.
    else json(answer, 200, object(body.split('\r\n\r\n')[2]?.split('\r\n--')[0] ?? ''))
  }
  const WRITE = /^POST \/upload/
  const READ = /^GET .*\/o\//
  const LIST = /^GET .*\/o\?/
  const DELETE = /^DELETE/
  const denied = (where: string, permission: string): string =>
    `${where}: Cloud Storage denies it (forbidden); allow ${permission} on bucket acme`

  test.each<[string, RegExp[], string[]]>([
    ['write', [WRITE], [denied('object "KEY" in storage "ws"', 'storage.objects.create and storage.objects.delete')]],
    ['read', [READ], [denied('object "KEY" in storage "ws"', 'storage.objects.get')]],
    [
      'do anything',
      [WRITE, READ, LIST, DELETE],
      [
        denied('object "KEY" in storage "ws"', 'storage.objects.create and storage.objects.delete'),
        denied('storage "ws"', 'storage.objects.list'),
        denied('object "KEY" in storage "ws"', 'storage.objects.delete'),
      ],
    ],
  ])('who may not %s', async (_, mayNot, expected) => {
    const endpoint = await serving(mayNot, deny, answers)
    expect(await checkStorage(new GcsStorage({ name: 'ws', bucket: 'acme', projectId: 'p', endpoint }))).toEqual(
      expected,
    )
  })
})

describe('Azure Blob Storage', () => {
  const deny = (answer: ServerResponse): void => {
    const code = 'AuthorizationPermissionMismatch'
    answer.writeHead(403, { 'content-type': 'application/xml', 'x-ms-error-code': code })
    answer.end(`<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>hunter2</Message></Error>`)
  }
  const answers: Answering = ({ method, path }, answer) => {
    const described = { etag: '"7"', 'last-modified': LAST_MODIFIED, 'x-ms-request-id': 'r' }
    if (method === 'PUT') answer.writeHead(201, described).end()
    else if (method === 'DELETE') answer.writeHead(202, described).end()
    else if (path === '/acme/c') {
      answer.writeHead(200, { 'content-type': 'application/xml' })
      answer.end(
        '<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs /><NextMarker /></EnumerationResults>',
      )
    } else answer.writeHead(200, { ...described, 'content-type': 'text/plain', 'content-length': '1' }).end('x')
  }
  const WRITE = /^PUT/
  const READ = /^GET \/acme\/c\//
  const LIST = /^GET \/acme\/c\?/
  const DELETE = /^DELETE/
  const denied = (where: string, action: string): string =>
    `${where}: Azure Blob Storage denies it (AuthorizationPermissionMismatch); allow Microsoft.Storage/storageAccounts/blobServices/containers/blobs/${action} on container c, for example by the role Storage Blob Data Contributor`

  test.each<[string, RegExp[], string[]]>([
    ['write', [WRITE], [denied('object "KEY" in storage "ws"', 'write')]],
    ['read', [READ], [denied('object "KEY" in storage "ws"', 'read')]],
    [
      'do anything',
      [WRITE, READ, LIST, DELETE],
      [
        denied('object "KEY" in storage "ws"', 'write'),
        denied('storage "ws"', 'read'),
        denied('object "KEY" in storage "ws"', 'delete'),
      ],
    ],
  ])('who may not %s', async (_, mayNot, expected) => {
    const accountUrl = `${await serving(mayNot, deny, answers)}/acme`
    const backend = new AzureStorage({ name: 'ws', accountUrl, container: 'c', accountKey: 'a2V5' })
    expect(await checkStorage(backend)).toEqual(expected)
  })
})

describe('Google Secret Manager', () => {
  beforeAll(useServiceAccount)

  const deny = (answer: ServerResponse): void =>
    json(answer, 403, { error: { code: 403, message: 'hunter2 denied on resource', status: 'PERMISSION_DENIED' } })
  /** Has one secret; a new one is there when it has a version. */
  const answers = (): Answering => {
    const secrets = new Map([['warehouse', 'aHVudGVyMg==']])
    return ({ method, path, body }, answer) => {
      const name = /secrets\/([^/:]+)/.exec(path)?.[1] ?? ''
      const missing = { error: { code: 404, message: 'not found', status: 'NOT_FOUND' } }
      if (path.endsWith('/secrets') && method === 'GET') {
        json(answer, 200, { secrets: [{ name: 'projects/p/secrets/warehouse' }] })
      } else if (path.endsWith('/secrets')) {
        json(answer, 200, { name: 'projects/p/secrets/new' })
      } else if (path.endsWith(':access')) {
        const data = secrets.get(name)
        if (data === undefined) json(answer, 404, missing)
        else json(answer, 200, { name: `projects/p/secrets/${name}/versions/1`, payload: { data } })
      } else if (path.endsWith(':addVersion')) {
        secrets.set(name, (JSON.parse(body) as { payload: { data: string } }).payload.data)
        json(answer, 200, { name: `projects/p/secrets/${name}/versions/1` })
      } else {
        json(answer, secrets.delete(name) ? 200 : 404, {})
      }
    }
  }
  const SET = /:addVersion/
  const GET = /:access/
  const LIST = /^GET .*\/secrets(\?|$)/
  const DELETE = /^DELETE/
  const denied = (where: string, permission: string): string =>
    `${where}: Google Secret Manager denies it (Error); allow ${permission}`
  const ON = 'on projects/p/secrets/KEY'

  test.each<[string, RegExp[], string[]]>([
    [
      'read',
      [GET],
      [
        denied('secret "warehouse" in vault "keys"', 'secretmanager.versions.access on projects/p/secrets/warehouse'),
        denied('secret "KEY" in vault "keys"', `secretmanager.versions.access ${ON}`),
      ],
    ],
    [
      'set',
      [SET],
      [denied('secret "KEY" in vault "keys"', `secretmanager.secrets.create and secretmanager.versions.add ${ON}`)],
    ],
    [
      'list or delete',
      [LIST, DELETE],
      [
        denied('vault "keys"', 'secretmanager.secrets.list'),
        denied('secret "KEY" in vault "keys"', `secretmanager.secrets.delete ${ON}`),
      ],
    ],
  ])('who may not %s', async (_, mayNot, expected) => {
    const endpoint = await serving(mayNot, deny, answers())
    expect(await checkVault(new GcpVault({ name: 'keys', projectId: 'p', prefix: '', endpoint }))).toEqual(expected)
  })
})

describe('Azure Key Vault', () => {
  test.each<[string, string[], string[]]>([
    ['read', ['GET secrets'], ['get']],
    ['set', ['PUT secrets'], ['set and recover']],
    ['delete', ['DELETE secrets'], ['delete']],
    ['list', ['GET secrets list'], ['list']],
  ])('who may not %s', async (_, mayNot, permissions) => {
    const server = await startKeyVault(mayNot)
    onTestFinished(() => server.close())
    const backend = vaultOn(server, 'keys')
    const failures = await checkVault(backend)
    const where = permissions[0] === 'list' ? 'vault "keys"' : 'secret "KEY" in vault "keys"'
    expect(failures).toEqual(
      permissions.map(
        (permission) =>
          `${where}: Azure Key Vault denies it (Forbidden); allow the secret permission ${permission} in ${server.url}, for example by the role Key Vault Secrets Officer`,
      ),
    )
  })
})
