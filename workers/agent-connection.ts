/** How an agent reaches its slice of Temporal: the control plane's own address, with the agent's token. */
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { rootCertificates } from 'node:tls'
import type { Meter } from '@opentelemetry/api'
import type { NativeConnection, NativeConnectionOptions } from '@temporalio/worker'
import { proxyOf } from '../client/proxy-of.js'
import { CommandError } from '../protocol/errors.js'
import { AGENT_HOST_HEADER, AGENT_KEY_HEADER, AGENT_VERSION_HEADER } from '../protocol/names.js'
import { connectNative } from '../temporal/native-connection.js'
import type { Logger } from './logger.js'
import { VERSION } from './version.js'

export interface AgentConnectionOptions {
  /** The control plane's. */
  readonly url: string
  /** Agent token (`agt_…`). Replace it on the connection with `setApiKey`. */
  readonly token: string
  /** What its polls are known by at the control plane; that of no other connection. Default: what the worker calls itself. */
  readonly key?: string
  readonly log: Logger
  /** Gets what Temporal's native core counts. */
  readonly meter?: Meter | undefined
}

/** @throws {CommandError} `unavailable` when the gateway cannot be reached */
export async function connectAgent({ url, token, key, log, meter }: AgentConnectionOptions): Promise<NativeConnection> {
  const options = await connectionOptions(url, token, key)
  return connectNative(options, log, meter).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(
      'unavailable',
      `cannot reach the gateway at ${url}: ${reason}; a proxy on the way must let HTTP/2 and gRPC through`,
      { cause: error },
    )
  })
}

async function connectionOptions(url: string, token: string, key = ''): Promise<NativeConnectionOptions> {
  const { protocol, hostname: host, port } = new URL(url)
  const secure = protocol === 'https:'
  const proxy = connectProxyOf(url)
  return {
    address: `${host}:${port || (secure ? '443' : '80')}`,
    tls: secure ? await tlsOptions() : false,
    apiKey: token,
    metadata: { [AGENT_HOST_HEADER]: asciiHostname(), [AGENT_VERSION_HEADER]: VERSION, [AGENT_KEY_HEADER]: key },
    ...(proxy === undefined ? {} : { proxy }),
  }
}

/** What metadata may carry. */
const asciiHostname = (): string => hostname().replace(/[^\x20-\x7e]/g, '?')

/**
 * What Node trusts, its own authorities and those of this variable: the native core would go by the system's, or by the
 * variable's alone, and the session over HTTP and the polls over gRPC would not agree.
 */
async function tlsOptions(): Promise<{ serverRootCACertificate: Buffer }> {
  const file = process.env['NODE_EXTRA_CA_CERTS']
  const extra = file ? [await readFile(file, 'utf8')] : []
  return { serverRootCACertificate: Buffer.from([...rootCertificates, ...extra].join('\n')) }
}

function connectProxyOf(url: string): NativeConnectionOptions['proxy'] {
  const proxy = proxyOf(url)
  if (proxy === undefined) return undefined
  const { host, port, hostname, username, password } = proxy
  return {
    type: 'http-connect',
    targetHost: port ? host : `${hostname}:80`,
    ...(username === ''
      ? {}
      : { basicAuth: { username: decodeURIComponent(username), password: decodeURIComponent(password) } }),
  }
}
