/** What a handler runtime must know, resolved once: option, else environment, else an error. */
import { assertBindings } from '../../bindings/configured-bindings.js'
import type { Storage } from '../../bindings/storage/storage.js'
import { fetchThroughProxy } from '../../client/fetch-through-proxy.js'
import { CommandError } from '../../protocol/errors.js'
import { isLoopback } from '../../protocol/loopback.js'
import { moduleRegistry, type CommandRegistry } from '../../sdk/registry.js'
import { storage } from '../../sdk/storage.js'

export interface RuntimeOptions {
  /** The control plane's address. Default: `ALIEN_URL`. A delivery that wants its response elsewhere is refused. */
  readonly url?: string
  /** Id or name of the deployment that this is. Default: `ALIEN_DEPLOYMENT_ID`. What is meant for another is refused. */
  readonly deploymentId?: string
  /**
   * Where the instances of this function agree on who runs what, and keep what came of it until it is reported. Default:
   * the storage that `ALIEN_RUNS_STORAGE` names; without it each instance knows only what itself ran.
   */
  readonly runsStorage?: Storage
  /** Default: what `command()` registered. */
  readonly registry?: CommandRegistry
}

export interface RuntimeSettings {
  readonly controlPlane: URL
  /** How requests get there. */
  readonly fetch: typeof fetch
  readonly deployment: string
  readonly runsStorage: Storage | undefined
  readonly registry: CommandRegistry
}

type Environment = Readonly<Record<string, string | undefined>>

/** @throws {CommandError} `invalid_request` saying which variable to set, or all that is wrong with bindings */
export function runtimeSettings(options: RuntimeOptions = {}, environment: Environment = process.env): RuntimeSettings {
  const deployment = options.deploymentId ?? environment['ALIEN_DEPLOYMENT_ID'] ?? ''
  if (deployment === '') throw missing('ALIEN_DEPLOYMENT_ID', 'the id or the name of the deployment that this is')
  const runsStorageName = environment['ALIEN_RUNS_STORAGE'] ?? ''
  const controlPlane = controlPlaneUrl(options.url ?? environment['ALIEN_URL'] ?? '')
  assertBindings(environment)
  return {
    controlPlane,
    fetch: fetchThroughProxy(controlPlane.href) ?? fetch,
    deployment,
    runsStorage: options.runsStorage ?? (runsStorageName === '' ? undefined : storage(runsStorageName)),
    registry: options.registry ?? moduleRegistry,
  }
}

function controlPlaneUrl(text: string): URL {
  if (text === '') throw missing('ALIEN_URL', "the vendor's control plane")
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return url
  throw new CommandError(
    'invalid_request',
    `ALIEN_URL ${JSON.stringify(text)} must be an https URL; http is for this machine only`,
  )
}

const missing = (variable: string, what: string): CommandError =>
  new CommandError('invalid_request', `a handler runtime needs ${variable}: ${what}`)
