/** Temporal and a control plane in this process, which handlers reach by a link that can be cut, and callers do not. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { startControlPlane } from '@alienplatform/sdk/server'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SEARCH_ATTRIBUTES } from '../../protocol/names.js'
import { resolveTemporalBinary } from '../../temporal/binary.js'
import { startDevServer } from '../../temporal/dev-server.js'
import { plainTemporal } from '../../temporal/settings.js'
import type { Closers } from '../../workers/closers.js'
import { createLogger } from '../../workers/logger.js'
import { callApi } from '../support/http.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { ownPort } from '../support/port.js'

export interface VendorSide {
  readonly url: string
  readonly apiKey: string
  readonly temporalAddress: string
  /** Of 32 bytes: what tokens are signed and sealed with. */
  readonly sealingKey: Buffer
  /** Between handlers and the control plane, which has its address for its own. */
  readonly link: TcpProxy
  /** For what handlers write. */
  readonly folder: string
  readonly client: (deployment: string) => CommandsClient
  /** @param transport Default: agents pull. */
  readonly createDeployment: (name: string, transport?: object) => Promise<{ id: string; agentToken: string }>
}

/** For handlers that are not on this machine. */
export interface PublicAddress {
  /** What they reach there comes to `port` of loopback. */
  readonly url: string
  readonly port: number
}

/** @param publicly Default: handlers are on this machine, and reach it by the link. */
export async function openVendorSide(closers: Closers, publicly?: PublicAddress): Promise<VendorSide> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-transports-'))
  closers.add(() => rm(folder, { recursive: true, force: true }))
  const { path } = await resolveTemporalBinary()
  const temporal = await startDevServer({ binaryPath: path, searchAttributes: SEARCH_ATTRIBUTES })
  closers.add(temporal.stop)
  const port = publicly?.port ?? (await ownPort())
  const url = `http://127.0.0.1:${port}`
  const link = await TcpProxy.before(url)
  closers.add(() => link[Symbol.asyncDispose]())
  const apiKey = `key_${randomBytes(32).toString('base64url')}`
  const sealingKey = randomBytes(32)
  const controlPlane = await startControlPlane({
    host: '127.0.0.1',
    port,
    publicUrl: publicly?.url ?? link.url,
    registry: { file: join(folder, 'registry.db') },
    apiKey: { name: 'tests', token: apiKey },
    temporal: plainTemporal(temporal.address, temporal.namespace),
    vendorWorker: true,
    sealingKeys: [sealingKey],
    callsPerSecond: 0,
    agentCallsPerSecond: 0,
    log: createLogger('transports', { ALIEN_LOG_LEVEL: 'warn', ...process.env }),
  })
  closers.add(controlPlane.close)
  return {
    url,
    apiKey,
    temporalAddress: temporal.address,
    sealingKey,
    link,
    folder,
    client: (deploymentId) => new CommandsClient({ deploymentId, token: apiKey, url }),
    createDeployment: async (name, transport) => {
      const { status, body } = await callApi({ url }, apiKey, 'POST', '/v1/deployments', { name, transport })
      if (status !== 201) throw new Error(`deployment "${name}": ${JSON.stringify(body)}`)
      return body as { id: string; agentToken: string }
    },
  }
}
