/**
 * One call to the control plane's HTTP API, tried again while trying again may help. Every call is safe to repeat:
 * what starts work carries the invocation's id.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError, isErrorCode, type ErrorBody, type ErrorCode } from '../protocol/errors.js'
import { formatDuration } from '../protocol/format-duration.js'
import { isPlainObject } from '../protocol/json.js'
import { backoffMs, retryAfterMs } from './backoff.js'
import { traceHeaders } from './trace-headers.js'

export interface Endpoint {
  readonly baseUrl: string
  readonly token: string
  /** How long to go on while the control plane cannot be reached or says it is unavailable. */
  readonly giveUpAfterMs: number
  /** Shared by calls, of which each then knows whether one before it was answered. Default: each is the first. */
  readonly contact?: { isMade: boolean } | undefined
  /** Aborts the call; its reason is thrown. */
  readonly signal?: AbortSignal | undefined
  /** Default: Node's own. */
  readonly fetch?: typeof fetch | undefined
  /** Answers after which trying again may help. Default: those that say so. */
  readonly mayPass?: ((status: number) => boolean) | undefined
}

export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
  /** How long the server may hold the request open on purpose. */
  readonly holdMs?: number
}

/** Beyond the time a request is held: a connection that stays silent this long is taken for dead. */
const SILENCE_MS = 15_000

/**
 * How long a waiting client outlasts an unreachable control plane. The invocation is safe in Temporal meanwhile, so
 * this is as long as a restart, an upgrade or a cut link may reasonably take.
 */
export const OUTLAST_OUTAGE_MS = 10 * 60_000

/**
 * The same for a call that has started nothing yet, once the control plane has answered another: what was there comes
 * back, and what never was may be a wrong URL. As long as a restart, or a failover of its database, may take.
 */
const OUTLAST_RESTART_MS = 2 * 60_000

/** The request never left: nobody can have acted on it. */
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

const RETRIED_STATUSES = new Set([429, 502, 503, 504])

/** For what must not be given up: also what a server, or a proxy of whatever make, answers while it is not well. */
export const isNotWell = (status: number): boolean => status >= 500 || status === 408 || status === 429

/**
 * A proxy that says so later than this had passed the request on, and lost who had it; sooner, it may have found nobody.
 */
const PASSED_ON_AFTER_MS = 1_000

/** A failure that may pass. */
interface Passing {
  readonly error: CommandError
  /** What the server asked for. */
  readonly afterMs?: number | undefined
  /** The server had the request, and the connection broke before its answer. */
  readonly cutOff?: boolean
}

/**
 * The JSON of a 2xx answer.
 *
 * @throws {CommandError} the server's error, or `unavailable` when it could not be reached in `giveUpAfterMs`, or in
 *   {@link OUTLAST_RESTART_MS} if it was reached before
 */
export async function requestJson<T>(endpoint: Endpoint, call: ApiCall): Promise<T> {
  const request = prepare(endpoint, call, await traceHeaders())
  let troubleSinceMs: number | undefined
  let { giveUpAfterMs } = endpoint
  for (let tries = 0; ; tries += 1) {
    const answer = await attempt(endpoint, request, call.holdMs ?? 0)
    const { contact } = endpoint
    if (!('error' in answer)) {
      if (contact) contact.isMade = true
      return answer.value as T
    }
    const nowMs = Date.now()
    troubleSinceMs ??= nowMs
    const waitMs = answer.afterMs ?? backoffMs(tries)
    if (contact?.isMade === true) giveUpAfterMs = Math.max(giveUpAfterMs, OUTLAST_RESTART_MS)
    // A held request that was cut off has started its work: go on until its answer can be had.
    if (answer.cutOff === true && call.holdMs) giveUpAfterMs = OUTLAST_OUTAGE_MS
    if (nowMs + waitMs - troubleSinceMs > giveUpAfterMs) throw answer.error
    await delay(waitMs, undefined, endpoint.signal ? { signal: endpoint.signal } : {}).catch(() => {
      endpoint.signal?.throwIfAborted()
    })
  }
}

interface PreparedRequest {
  readonly url: URL
  readonly init: RequestInit
}

function prepare(
  { baseUrl, token }: Endpoint,
  { method, path, query = {}, body }: ApiCall,
  trace: Readonly<Record<string, string>> = {},
): PreparedRequest {
  const url = new URL(baseUrl.replace(/\/+$/, '') + path)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  const headers: Record<string, string> = { ...trace, accept: 'application/json', authorization: `Bearer ${token}` }
  if (body === undefined) return { url, init: { method, headers } }
  return {
    url,
    init: { method, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) },
  }
}

async function attempt(
  { baseUrl, signal, fetch = globalThis.fetch, mayPass }: Endpoint,
  { url, init }: PreparedRequest,
  holdMs: number,
): Promise<{ value: unknown } | Passing> {
  const silence = AbortSignal.timeout(holdMs + SILENCE_MS)
  const sentAtMs = performance.now()
  try {
    const response = await fetch(url, { ...init, signal: signal ? AbortSignal.any([signal, silence]) : silence })
    const text = await response.text()
    if (response.ok) return { value: valueFrom(response.status, text) }
    return refusal(response, text, performance.now() - sentAtMs, mayPass)
  } catch (error) {
    signal?.throwIfAborted()
    return connectionTrouble(baseUrl, error, silence.aborted ? holdMs + SILENCE_MS : undefined)
  }
}

/** The body of a stream of server-sent events, or what may pass. @throws {CommandError} what may not */
export async function openStream(
  endpoint: Endpoint,
  path: string,
  lastEventId: string,
): Promise<{ readonly body: ReadableStream<Uint8Array> } | Passing> {
  const { baseUrl, signal, fetch = globalThis.fetch } = endpoint
  const { url, init } = prepare(endpoint, { method: 'GET', path })
  const headers = new Headers(init.headers)
  headers.set('accept', 'text/event-stream')
  if (lastEventId !== '') headers.set('last-event-id', lastEventId)
  try {
    const response = await fetch(url, { ...init, headers, ...(signal ? { signal } : {}) })
    if (!response.ok) return refusal(response, await response.text())
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (response.body && isStream) return { body: response.body }
    throw notOurs(response.status, 'a stream of events')
  } catch (error) {
    signal?.throwIfAborted()
    return connectionTrouble(baseUrl, error)
  }
}

/** @throws {CommandError} the server's error, unless trying again may help */
function refusal(
  { status, headers }: Response,
  text: string,
  afterMs = 0,
  mayPass = (one: number): boolean => RETRIED_STATUSES.has(one),
): Passing {
  const error = errorFrom(status, text)
  if (!mayPass(status)) throw error
  // A proxy that lost patience had passed the request on.
  const cutOff = status === 504 || (status === 502 && afterMs >= PASSED_ON_AFTER_MS)
  return { error, afterMs: retryAfterMs(headers.get('retry-after')), cutOff }
}

/** @throws {CommandError} what no time heals */
function connectionTrouble(baseUrl: string, error: unknown, silentMs?: number): Passing {
  if (error instanceof CommandError) throw error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (isDistrust(cause)) throw distrusted(baseUrl, cause)
  return {
    error: unreachable(baseUrl, silentMs, cause),
    cutOff: !NOT_CONNECTED.has(String((cause as NodeJS.ErrnoException).code)),
  }
}

/** The other end is there, and shows a certificate that Node does not trust: no time heals that. */
const isDistrust = (cause: unknown): cause is NodeJS.ErrnoException =>
  /CERT|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(String((cause as NodeJS.ErrnoException).code))

function distrusted(baseUrl: string, cause: NodeJS.ErrnoException): CommandError {
  const remedy =
    cause.code === 'ERR_TLS_CERT_ALTNAME_INVALID' || cause.code === 'CERT_HAS_EXPIRED'
      ? 'the control plane needs another certificate'
      : 'name the certificate authority that is missing in NODE_EXTRA_CA_CERTS'
  return new CommandError('unavailable', `cannot reach the control plane at ${baseUrl}: ${cause.message}; ${remedy}`, {
    cause,
  })
}

function unreachable(baseUrl: string, silentMs: number | undefined, cause: unknown): CommandError {
  const reason = silentMs === undefined ? describeCause(cause) : `no answer within ${formatDuration(silentMs)}`
  return new CommandError(
    'unavailable',
    `cannot reach the control plane at ${baseUrl}: ${reason}; is it running (alien dev, alien server), and is the URL right (--url, ALIEN_URL)?`,
    { cause },
  )
}

function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const { code } = cause as NodeJS.ErrnoException
  return cause.message || code || cause.name
}

/** The login page of a network, or of a proxy, is a 200 as well. */
function valueFrom(status: number, text: string): unknown {
  if (status === 204) return undefined
  const value = parse(text)
  if (value !== undefined) return value
  throw notOurs(status, 'JSON')
}

const notOurs = (status: number, missing: string): CommandError =>
  new CommandError(
    'internal',
    `the control plane answered ${status} without ${missing}; is the URL that of a control plane?`,
  )

/** The server's own error, or what can be said of an answer from something in between. */
function errorFrom(status: number, text: string): CommandError {
  const body = parse(text)
  const error = isPlainObject(body) ? body['error'] : undefined
  if (isPlainObject(error) && isErrorCode(error['code']) && typeof error['message'] === 'string') {
    return CommandError.fromBody(error as unknown as ErrorBody)
  }
  return new CommandError(
    CODE_OF_STATUS.get(status) ?? 'internal',
    `the control plane answered ${status} without an error body; is the URL that of a control plane?`,
  )
}

const CODE_OF_STATUS = new Map<number, ErrorCode>([
  [401, 'unauthenticated'],
  [403, 'permission_denied'],
  [413, 'payload_too_large'],
  [429, 'rate_limited'],
  [502, 'unavailable'],
  [503, 'unavailable'],
  [504, 'unavailable'],
])

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
