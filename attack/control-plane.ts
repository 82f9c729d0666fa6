/** The control plane under attack, as `alien server` has it, in a process whose memory and pid are its own. */
import { startControlPlane } from '@alienplatform/sdk/server'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '../bench/serve.js'
import { plainTemporal } from '../temporal/settings.js'
import { createLogger } from '../workers/logger.js'

export interface ControlPlaneSettings {
  readonly temporalAddress: string
  /** 32 bytes in base64, so that the attacks can make what only a thief of the key could. */
  readonly sealingKey: string
  /** PEM files. */
  readonly tls: { readonly certFile: string; readonly keyFile: string }
}

export interface ControlPlaneReady {
  readonly url: string
  /** Of the same with TLS. */
  readonly secureUrl: string
  readonly pid: number
  /** API key. */
  readonly apiKey: string
}

export type Question =
  | { readonly kind: 'memory' }
  | { readonly kind: 'token'; readonly deploymentId: string; readonly state?: 'expired' | 'revoked' }
  | { readonly kind: 'revoke'; readonly deploymentId: string }

/** After garbage was collected. */
export interface Memory {
  /** Resident. */
  readonly rssBytes: number
  /** Reachable objects, and what they hold outside of the heap: buffers, sessions of HTTP/2. */
  readonly heldBytes: number
}

export interface Answer {
  readonly memory: Memory
  readonly token: string
  readonly tokenId: string
}

const inspector = new Session()
inspector.connect()

/**
 * As far as V8 can, with what it keeps of freed pages. Twice: what closed connections hold outside of the heap goes
 * when what they were in the heap has gone.
 */
async function collectAllGarbage(): Promise<void> {
  await inspector.post('HeapProfiler.collectGarbage')
  await new Promise((resolve) => setImmediate(resolve))
  await inspector.post('HeapProfiler.collectGarbage')
}

await serve<Question, Answer>(async (given) => {
  const { temporalAddress, sealingKey, tls } = given as ControlPlaneSettings
  const folder = await mkdtemp(join(tmpdir(), 'alien-attack-'))
  const apiKey = `key_${randomBytes(32).toString('base64url')}`
  const options = {
    host: '127.0.0.1',
    port: 0,
    registry: { file: join(folder, 'registry.db') },
    apiKey: { name: 'attack', token: apiKey },
    temporal: plainTemporal(temporalAddress, 'default'),
    vendorWorker: true,
    sealingKeys: [Buffer.from(sealingKey, 'base64')] as const,
    log: createLogger('control-plane', { ALIEN_LOG_LEVEL: 'error' }),
  }
  const controlPlane = await startControlPlane(options)
  const secure = await startControlPlane({ ...options, vendorWorker: false, tls })
  const { agentTokens } = controlPlane.registry
  return {
    ready: { url: controlPlane.url, secureUrl: secure.url, pid: process.pid, apiKey } satisfies ControlPlaneReady,
    answer: async (question) => {
      let made = { id: '', token: '' }
      if (question.kind === 'token') {
        const expiresAt = question.state === 'expired' ? new Date(Date.now() - 1) : null
        made = await agentTokens.create(question.deploymentId, { expiresAt })
        if (question.state === 'revoked') await agentTokens.revoke(made.id)
      }
      if (question.kind === 'revoke') await agentTokens.revokeAll(question.deploymentId)
      if (question.kind === 'memory') await collectAllGarbage()
      const { rss, heapUsed, external } = process.memoryUsage()
      return { memory: { rssBytes: rss, heldBytes: heapUsed + external }, token: made.token, tokenId: made.id }
    },
    close: async () => {
      await secure.close()
      await controlPlane.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
})
