/**
 * Azure Key Vault's secrets, as its REST API (7.5) documents them, over TLS: the challenge for a token, versions, soft
 * deletion with recovery, the conflict on a name that is deleted but recoverable, lists in pages, names whose letters
 * count as the same whether they are small or not, the answer to who may not. What it does not model: times of deletion.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { AzureVault } from '../../bindings/vault/azure-vault.js'
import { listening } from '../support/listening.js'

const PAGE_SIZE = 3

interface Secret {
  readonly name: string
  readonly value: string
}

interface Answer {
  readonly status: number
  readonly body?: object
}

export interface KeyVaultServer {
  readonly url: string
  /** PEM of the authority that its certificate is of. */
  readonly ca: string
  readonly close: () => Promise<void>
}

/** @param mayNot What its caller has no right to: a method and a collection, as `GET secrets`; with `list`, all of it. */
export async function startKeyVault(mayNot: readonly string[] = []): Promise<KeyVaultServer> {
  const file = (name: string): Promise<string> => readFile(`tests/fixtures/tls/${name}`, 'utf8')
  const [cert, key, ca] = await Promise.all(['first.crt', 'first.key', 'ca.crt'].map(file))
  const vault = new KeyVault()
  const server = createServer({ cert, key }, (request, response) => {
    void respond(vault, mayNot, request, url).then(({ status, body }) => {
      const challenge = 'Bearer authorization="https://login.example/tenant", resource="https://vault.azure.net"'
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(status === 401 ? { 'www-authenticate': challenge } : {}),
      })
      response.end(JSON.stringify(body))
    })
  })
  const url = `https://localhost:${await listening(server)}`
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url, ca: ca ?? '', close }
}

/** By the official SDK, as the vault's own. */
export const vaultOn = ({ url, ca }: KeyVaultServer, name: string): AzureVault =>
  new AzureVault({
    name,
    vaultUrl: url,
    connect: ({ SecretClient }) =>
      new SecretClient(
        url,
        { getToken: () => Promise.resolve({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }) },
        // Its own address is none of Azure's.
        { disableChallengeResourceVerification: true, tlsOptions: { ca } },
      ),
  })

const FORBIDDEN: Answer = {
  status: 403,
  body: { error: { code: 'Forbidden', message: 'Caller is not authorized', innererror: { code: 'ForbiddenByRbac' } } },
}

async function respond(
  vault: KeyVault,
  mayNot: readonly string[],
  request: IncomingMessage,
  base: string,
): Promise<Answer> {
  if (request.headers.authorization !== 'Bearer token')
    return { status: 401, body: { error: { code: 'Unauthorized' } } }
  const { pathname, searchParams } = new URL(request.url ?? '', base)
  const [, collection, name = '', action] = pathname.split('/')
  const body = request.method === 'PUT' ? (JSON.parse(await text(request)) as { value: string }) : { value: '' }
  const call = `${request.method ?? ''} ${collection ?? ''}${action === 'recover' ? ' recover' : ''}`
  if (mayNot.includes(name === '' ? `${call} list` : call)) return FORBIDDEN
  switch (call) {
    case 'PUT secrets':
      return vault.set(base, name, body.value)
    case 'GET secrets':
      return name === '' ? vault.list(base, Number(searchParams.get('$skiptoken'))) : vault.get(base, name)
    case 'DELETE secrets':
      return vault.delete(base, name)
    case 'GET deletedsecrets':
      return vault.deleted(base, name)
    case 'POST deletedsecrets recover':
      return vault.recover(base, name)
    default:
      return { status: 400, body: { error: { code: 'BadParameter' } } }
  }
}

class KeyVault {
  readonly #live = new Map<string, Secret>()
  readonly #deleted = new Map<string, Secret>()

  set(base: string, name: string, value: string): Answer {
    const id = name.toLowerCase()
    if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) return { status: 400, body: { error: { code: 'BadParameter' } } }
    if (this.#deleted.has(id)) return { status: 409, body: { error: { code: 'Conflict' } } }
    const secret = { name: this.#live.get(id)?.name ?? name, value }
    this.#live.set(id, secret)
    return { status: 200, body: bundle(base, secret) }
  }

  get(base: string, name: string): Answer {
    return found(base, this.#live.get(name.toLowerCase()))
  }

  delete(base: string, name: string): Answer {
    return this.#move(base, name, this.#live, this.#deleted)
  }

  recover(base: string, name: string): Answer {
    return this.#move(base, name, this.#deleted, this.#live)
  }

  deleted(base: string, name: string): Answer {
    return found(base, this.#deleted.get(name.toLowerCase()))
  }

  list(base: string, start: number): Answer {
    const secrets = [...this.#live.values()].sort((a, b) => a.name.localeCompare(b.name))
    const value = secrets.slice(start, start + PAGE_SIZE).map(({ name }) => ({ id: `${base}/secrets/${name}` }))
    const next = start + PAGE_SIZE
    const nextLink = next < secrets.length ? `${base}/secrets?api-version=7.5&$skiptoken=${next}` : null
    return { status: 200, body: { value, nextLink } }
  }

  #move(base: string, name: string, from: Map<string, Secret>, to: Map<string, Secret>): Answer {
    const id = name.toLowerCase()
    const secret = from.get(id)
    if (secret !== undefined) {
      from.delete(id)
      to.set(id, secret)
    }
    return found(base, secret)
  }
}

const bundle = (base: string, { name, value }: Secret): object => ({
  id: `${base}/secrets/${name}/${randomUUID().replaceAll('-', '')}`,
  recoveryId: `${base}/deletedsecrets/${name}`,
  value,
  attributes: { enabled: true, recoveryLevel: 'Recoverable' },
})

const found = (base: string, secret: Secret | undefined): Answer =>
  secret === undefined
    ? { status: 404, body: { error: { code: 'SecretNotFound' } } }
    : { status: 200, body: bundle(base, secret) }
