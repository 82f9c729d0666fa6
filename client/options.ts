/** What a caller gives the client, resolved once. */
import { CommandError } from '../protocol/errors.js'
import { findDevState } from '../protocol/dev-state.js'
import { DEFAULT_PORT } from '../protocol/names.js'
import { allowsPlaintext, assertPrivateUrl } from './private-url.js'

export interface CommandsClientOptions {
  /** Id (`dep_…`) or name (`acme-corp`). */
  readonly deploymentId: string
  /** API key (`key_…`). */
  readonly token: string
  /** Default: `ALIEN_URL`, then the development server of this folder, then `http://127.0.0.1:7700`. */
  readonly url?: string
  /**
   * Allows an `http:` URL of another machine, which shows the key and all results to the network. Default:
   * `ALIEN_INSECURE_PLAINTEXT`, else false.
   */
  readonly insecurePlaintext?: boolean
}

/** Per call; whatever is not given is the command's own policy. */
export interface InvokeOptions {
  /** Time for one attempt; unless `queueTimeoutMs` is given too, it also bounds the wait for an agent. */
  readonly timeoutMs?: number
  /** Time the invocation may wait for an agent. Default 1 hour. */
  readonly queueTimeoutMs?: number
  /** When all of it must be over: an instant, or so long from now, in milliseconds or as `"2h"`. */
  readonly deadline?: Date | number | string
  /** Silence after which an agent counts as lost. Default 8 s. */
  readonly heartbeatTimeoutMs?: number
  /** Never enter the handler twice: one that is lost with its agent ends as `outcome_unknown`. Default: as declared. */
  readonly atMostOnce?: boolean
  /** Two calls with one key are one invocation. At most 255 characters. */
  readonly idempotencyKey?: string
  /** Throws `deployment_offline`, and starts nothing, when no agent is online, instead of waiting for one. */
  readonly failFast?: boolean
  readonly retry?: RetryOptions
  /**
   * Stops this call's waiting, and throws the signal's reason. The invocation itself goes on.
   */
  readonly signal?: AbortSignal
}

export interface RetryOptions {
  /** Runs of the handler in all, the first included. Default 1. */
  readonly maxAttempts?: number
  /** Milliseconds or `"30s"`. Default 1 s. */
  readonly initialInterval?: number | string
  /** Default 2. */
  readonly backoffCoefficient?: number
  /** Milliseconds or `"5m"`. Default 100 s, or `initialInterval` where that is longer. */
  readonly maxInterval?: number | string
  /** `code`s or `name`s of handler errors that are final in spite of `maxAttempts`. */
  readonly nonRetryableCodes?: readonly string[]
}

const DEFAULT_URL = `http://127.0.0.1:${DEFAULT_PORT}`

export interface ResolvedClientOptions {
  readonly deployment: string
  readonly token: string
  readonly baseUrl: string
}

export function resolveClientOptions(
  options: CommandsClientOptions,
  env: NodeJS.ProcessEnv = process.env,
): ResolvedClientOptions {
  const { deploymentId, token } = options
  if (!deploymentId) {
    throw new CommandError('invalid_request', 'deploymentId is required: the id or the name of a deployment')
  }
  if (!token) {
    throw new CommandError('unauthenticated', 'token is required: an API key of the control plane ("key_…")')
  }
  const baseUrl = resolveUrl(options.url, env)
  assertPrivateUrl(baseUrl, allowsPlaintext(options.insecurePlaintext, env), 'API key')
  return Object.freeze({ deployment: deploymentId, token, baseUrl })
}

/** @throws {CommandError} `invalid_request` for what is no http or https URL */
export function resolveUrl(url: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const fromEnv = env['ALIEN_URL'] === '' ? undefined : env['ALIEN_URL']
  const chosen = url ?? fromEnv ?? findDevState(env)?.url ?? DEFAULT_URL
  const protocol = URL.canParse(chosen) ? new URL(chosen).protocol : ''
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new CommandError('invalid_request', `url "${chosen}" must be an http or https URL, like ${DEFAULT_URL}`)
  }
  return chosen
}
