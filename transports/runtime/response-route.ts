/** The way back to the control plane: heartbeats and the response of one attempt. */
import { isNotWell, requestJson } from '../../client/request.js'
import {
  heartbeatPath,
  responsePath,
  type HeartbeatAnswer,
  type ResponseAnswer,
} from '../../protocol/attempt-response.js'
import type { Envelope } from '../../protocol/envelope.js'
import { CommandError } from '../../protocol/errors.js'
import type { RuntimeSettings } from './runtime-settings.js'

/** What an answer to a heartbeat may take: the next one tells as much. */
const HEARTBEAT_TIMEOUT_MS = 5_000

export type Addressed = Pick<Envelope, 'invocationId'> & {
  readonly response: Pick<Envelope['response'], 'url' | 'heartbeatUrl' | 'token'>
}

export interface ResponseRoute {
  /** Tries once. @throws {CommandError} `unavailable` for what may pass, `unauthenticated` for a bad token */
  readonly heartbeat: (body: object) => Promise<HeartbeatAnswer>
  /** Tries for `withinMs`. @throws {CommandError} as `heartbeat` does */
  readonly report: (body: object, withinMs: number) => Promise<ResponseAnswer>
}

/**
 * An envelope is not to be believed where its response goes: whoever can write to the queue could make the function call
 * any address of the customer's network. So only the configured control plane is, with the paths that it has.
 *
 * @throws {CommandError} `permission_denied` for any other address
 */
export function responseRoute(
  { invocationId, response }: Addressed,
  { controlPlane, fetch }: Pick<RuntimeSettings, 'controlPlane' | 'fetch'>,
): ResponseRoute {
  const path = responsePath(invocationId)
  const base = baseOf(response.url, path, controlPlane)
  baseOf(response.heartbeatUrl, heartbeatPath(invocationId), controlPlane)
  const endpoint = (giveUpAfterMs: number, timeoutMs: number) => ({
    baseUrl: base,
    token: response.token,
    giveUpAfterMs,
    signal: AbortSignal.timeout(timeoutMs),
    // A redirect is answered as an error: it would take the token elsewhere.
    fetch: ((input, init) => fetch(input, { ...init, redirect: 'manual' })) satisfies typeof fetch,
  })
  return {
    heartbeat: (body) =>
      unlessTimeout(
        requestJson(endpoint(0, HEARTBEAT_TIMEOUT_MS), { method: 'POST', path: heartbeatPath(invocationId), body }),
      ),
    // What a handler came to is not lost to one bad answer of whatever is before the control plane.
    report: (body, withinMs) =>
      unlessTimeout(
        requestJson({ ...endpoint(withinMs, withinMs), mayPass: isNotWell }, { method: 'PUT', path, body }),
      ),
  }
}

/** What precedes `path` in `address`. */
function baseOf(address: string, path: string, controlPlane: URL): string {
  const url = new URL(address)
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (url.origin === controlPlane.origin && isPlain && url.pathname.endsWith(path)) {
    return address.slice(0, -path.length)
  }
  throw new CommandError(
    'permission_denied',
    `the envelope wants its response at ${url.origin}${url.pathname}; this runtime answers ${controlPlane.origin} (ALIEN_URL) alone, where responses are put`,
  )
}

async function unlessTimeout<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError('unavailable', 'the control plane did not answer in time', { cause: error })
  }
}
