/** A control plane as its image starts it, in a process of its own, so that its memory and its processor are its own. */
import { startControlPlane } from '@alienplatform/sdk/server'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { plainTemporal } from '../../temporal/settings.js'
import { createLogger } from '../../workers/logger.js'
import { serve } from '../serve.js'
import { usage, type Usage } from '../usage.js'

export interface ControlPlaneReady {
  readonly url: string
  readonly token: string
}

await serve<object, Usage>(async (settings) => {
  const { temporalAddress } = settings as { temporalAddress: string }
  const folder = await mkdtemp(join(tmpdir(), 'alien-bench-'))
  const token = `key_${randomBytes(32).toString('base64url')}`
  const controlPlane = await startControlPlane({
    host: '127.0.0.1',
    port: 0,
    registry: { file: join(folder, 'registry.db') },
    apiKey: { name: 'bench', token },
    temporal: plainTemporal(temporalAddress, 'default'),
    vendorWorker: true,
    log: createLogger('bench', { ALIEN_LOG_LEVEL: 'warn' }),
  })
  return {
    ready: { url: controlPlane.url, token } satisfies ControlPlaneReady,
    answer: () => Promise.resolve(usage()),
    close: async () => {
      await controlPlane.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
})
