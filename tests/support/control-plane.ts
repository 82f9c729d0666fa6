/** A control plane in the test's own process, with a registry of its own and no vendor worker. */
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '@alienplatform/sdk/server'
import { join } from 'node:path'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import { scratchDirectory } from '../../bindings/scratch.testsuite.js'
import { plainTemporal } from '../../temporal/settings.js'

/** Closed when the test is over. @param token API key of its operator */
export async function controlPlaneOfTest(
  temporalAddress: string,
  token: string,
  options: Partial<ControlPlaneOptions>,
): Promise<ControlPlane> {
  const controlPlane = await startControlPlane({
    host: '127.0.0.1',
    port: 0,
    registry: { file: join(await scratchDirectory(), 'registry.db') },
    apiKey: { name: 'operator', token },
    temporal: plainTemporal(temporalAddress, 'default'),
    vendorWorker: false,
    log: pino({ level: 'silent' }),
    ...options,
  })
  onTestFinished(() => controlPlane.close())
  return controlPlane
}
