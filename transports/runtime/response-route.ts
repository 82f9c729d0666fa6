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

/** Of which attempt it is, to the control plane. */
interface Reporter {
  readonly invocationId: string
  readonly response: Pick<Envelope['response'], 'token'>
}

export interface ResponseRoute {
  /** Tries once. @throws {CommandError} `unavailable` for what may pass, `unauthenticated` for a bad token */
  readonly heartbeat: (body: object) => Promise<HeartbeatAnswer>
  /** Tries for `withinMs`. @throws {CommandError} as `heartbeat` does */
  readonly report: (body: object, withinMs: number) => Promise<ResponseAnswer>
}

/** To the configured control plane, whatever the envelope says. */
export function responseRoute(
  { invocationId, response }: Reporter,
  { controlPlane, fetch }: Pick<RuntimeSettings, 'controlPlane' | 'fetch'>,
): ResponseRoute {
  const endpoint = (giveUpAfterMs: number, timeoutMs: number) => ({
    baseUrl: baseOf(controlPlane),
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
        requestJson(
          { ...endpoint(withinMs, withinMs), mayPass: isNotWell },
          { method: 'PUT', path: responsePath(invocationId), body },
        ),
      ),
  }
}

/**
 * That an envelope is of the configured control plane: of none but that is known whether its token is good.
 *
 * @throws {CommandError} `delivery_failed` when it wants its response at any other address
 */
export function assertAnsweredHere(
  { invocationId, response: { url, heartbeatUrl } }: Pick<Envelope, 'invocationId' | 'response'>,
  { controlPlane }: Pick<RuntimeSettings, 'controlPlane'>,
): void {
  const base = baseOf(controlPlane)
  for (const [address, path] of [
    [url, responsePath(invocationId)],
    [heartbeatUrl, heartbeatPath(invocationId)],
  ] as const) {
    const { href, origin, pathname } = new URL(address)
    if (href === base + path) continue
    throw new CommandError(
      'delivery_failed',
      `the envelope wants its response at ${origin}${pathname}; this runtime answers ${base} (ALIEN_URL) alone, which must be the control plane's --public-url`,
      { details: { leg: 'handler' } },
    )
  }
}

const baseOf = ({ origin, pathname }: URL): string => origin + pathname.replace(/\/+$/, '')

async function unlessTimeout<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError('unavailable', 'the control plane did not answer in time', { cause: error })
  }
}
