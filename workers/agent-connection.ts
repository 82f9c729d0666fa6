/** How an agent reaches its slice of Temporal: the control plane's own address, with the agent's token. */
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Meter } from '@opentelemetry/api'
import type { NativeConnection, NativeConnectionOptions } from '@temporalio/worker'
import { getProxyForUrl } from 'proxy-from-env'
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
  const proxy = proxyOf(url)
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

/** Node reads this variable for its own connections; the native ones need to be told. */
async function tlsOptions(): Promise<{ serverRootCACertificate?: Buffer }> {
  const file = process.env['NODE_EXTRA_CA_CERTS']
  return file ? { serverRootCACertificate: await readFile(file) } : {}
}

/** By `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, as everything else on the machine finds it. */
function proxyOf(url: string): NativeConnectionOptions['proxy'] {
  const proxy = getProxyForUrl(url)
  if (proxy === '') return undefined
  const { host, port, hostname, username, password } = new URL(proxy)
  return {
    type: 'http-connect',
    targetHost: port ? host : `${hostname}:80`,
    ...(username === ''
      ? {}
      : { basicAuth: { username: decodeURIComponent(username), password: decodeURIComponent(password) } }),
  }
}
