/** Which Temporal to talk to, by Temporal's own environment names. */
import type { ConnectionOptions, TLSConfig } from '@temporalio/client'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { NativeConnectionOptions } from '@temporalio/worker'
import { CommandError } from '../protocol/errors.js'
import { parseFlag } from '../protocol/flag.js'

const DEFAULT_ADDRESS = 'localhost:7233'

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
 *
 * @throws {CommandError} `invalid_request` for what Temporal's own reader cannot take, as a file that is not there
 */
export function externalTemporal(env: NodeJS.ProcessEnv = process.env): TemporalSettings | undefined {
  if (!env['TEMPORAL_ADDRESS'] && !env['TEMPORAL_PROFILE']) return undefined
  const { connectionOptions, namespace } = load(given(env))
  const options: SharedOptions = { ...connectionOptions }
  return { address: options.address ?? DEFAULT_ADDRESS, namespace: namespace ?? 'default', connectionOptions: options }
}

const FLAGS = ['TEMPORAL_TLS', 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION']

/** As Temporal's reader has to be told: it takes an empty variable for one that is set, and `TRUE` or `yes` for no, which is plain text. */
function given(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return Object.fromEntries(entries.map(([name, value]) => [name, FLAGS.includes(name) ? flagOf(name, value) : value]))
}

function flagOf(name: string, text: string): string {
  const flag = parseFlag(text)
  if (flag !== undefined) return String(flag)
  throw new CommandError('invalid_request', `${name} is "${text}"; set it to true or false`)
}

function load(overrideEnvVars: Record<string, string>): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig({ overrideEnvVars })
  } catch (error) {
    const { path, code, message } = error as NodeJS.ErrnoException
    const named = Object.keys(overrideEnvVars).find(
      (name) => name.startsWith('TEMPORAL_') && path !== undefined && overrideEnvVars[name] === path,
    )
    throw new CommandError(
      'invalid_request',
      named === undefined
        ? `Temporal's settings cannot be used: ${message}; correct the TEMPORAL_* variables, or the file of TEMPORAL_CONFIG_FILE`
        : `${named} names ${String(path)}, which cannot be read: ${String(code)}; correct it, or let this user read the file`,
      { cause: error },
    )
  }
}

/** Whether it is spoken to by TLS: an API key is never sent without. */
export const usesTls = ({ connectionOptions: { tls, apiKey } }: TemporalSettings): boolean =>
  Boolean(tls ?? apiKey !== undefined)

/** What certificates it is given, and goes by; `{}` for the system's, and without TLS. */
export const tlsConfig = ({ connectionOptions: { tls } }: TemporalSettings): TLSConfig =>
  typeof tls === 'object' && tls !== null ? tls : {}

/** PEM, as which this process is known to Temporal; `undefined` when it is not by a certificate. */
export const clientCertificate = (settings: TemporalSettings): Uint8Array | undefined =>
  tlsConfig(settings).clientCertPair?.crt

/** A Temporal that wants neither TLS nor a key, such as the embedded one. */
export const plainTemporal = (address: string, namespace: string): TemporalSettings => ({
  address,
  namespace,
  connectionOptions: { address },
})

/** Of a cluster, wherever it is: not to be passed over because its address was forgotten. */
const OF_A_CLUSTER = /^TEMPORAL_(NAMESPACE|API_KEY|TLS|GRPC_META|CONFIG_FILE)/

/**
 * The cluster the environment names, at Temporal's own default address unless it says another.
 *
 * @throws {CommandError} as {@link externalTemporal}
 */
export function temporalSettings(env: NodeJS.ProcessEnv = process.env): TemporalSettings {
  const isTold = Object.keys(env).some((name) => OF_A_CLUSTER.test(name) && Boolean(env[name]))
  const defaults = isTold ? { TEMPORAL_ADDRESS: DEFAULT_ADDRESS } : {}
  return externalTemporal(env) ?? externalTemporal({ ...env, ...defaults }) ?? plainTemporal(DEFAULT_ADDRESS, 'default')
}
