/** Which Temporal to talk to, by Temporal's own environment names. */
import type { ConnectionOptions } from '@temporalio/client'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { NativeConnectionOptions } from '@temporalio/worker'

type SharedOptions = Pick<ConnectionOptions & NativeConnectionOptions, 'address' | 'tls' | 'metadata' | 'apiKey'>

export interface TemporalSettings {
  readonly address: string
  readonly namespace: string
  /** For both of Temporal's clients: address, TLS, API key, metadata. */
  readonly connectionOptions: SharedOptions
}

/**
 * The external cluster the environment names, or `undefined` when it names none: `TEMPORAL_ADDRESS` or
 * `TEMPORAL_PROFILE` must be set. A profile file alone does not count, or a development server would land on
 * whatever cluster its developer last worked with.
 */
export function externalTemporal(env: NodeJS.ProcessEnv = process.env): TemporalSettings | undefined {
  if (!env['TEMPORAL_ADDRESS'] && !env['TEMPORAL_PROFILE']) return undefined
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars })
  const options: SharedOptions = { ...connectionOptions }
  return { address: options.address ?? 'localhost:7233', namespace: namespace ?? 'default', connectionOptions: options }
}

/** A Temporal that wants neither TLS nor a key, such as the embedded one. */
export const plainTemporal = (address: string, namespace: string): TemporalSettings => ({
  address,
  namespace,
  connectionOptions: { address },
})

/** The cluster the environment names, or Temporal's own default address. */
export const temporalSettings = (): TemporalSettings => externalTemporal() ?? plainTemporal('localhost:7233', 'default')
