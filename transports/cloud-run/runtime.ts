/**
 * Package entry `./cloud-run`: serves commands that a Pub/Sub push subscription delivers, from a Cloud Run service, a Cloud
 * Run function, or any other HTTP server.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { CommandError } from '../../protocol/errors.js'
import { isPlainObject } from '../../protocol/json.js'
import { createHandlerRuntime, type HandlerRuntime } from '../runtime/handler-runtime.js'
import { isDone } from '../runtime/is-done.js'
import { runtimeLog } from '../runtime/runtime-log.js'
import { runtimeSettings, type RuntimeOptions } from '../runtime/runtime-settings.js'
import { pushTokenCheck, type CheckPushToken, type PushTokenOptions } from './push-token.js'

/** A message of 10 MB in base64, and what is around it. */
const MAX_BODY_BYTES = 14_000_000

/** Pub/Sub waits for no answer for longer, whatever the service's own time-out is. */
const MAX_ACK_DEADLINE_MS = 600_000

export interface PushOptions extends RuntimeOptions, PushTokenOptions {
  /** The subscription's ack deadline, which ends a handler's time: 10 s to 600 s. Default: 600 s. */
  readonly ackDeadlineMs?: number
}

/** For Node's `http`, Express, and the functions framework, which has read the body. */
export type PushHandler = (request: IncomingMessage & { body?: unknown }, response: ServerResponse) => void

/**
 * Answers 204 to what is done with, 503 and 400 to what is to be delivered again, 401 to who is not the subscription.
 *
 * @throws {CommandError} `invalid_request` at once when a setting is missing
 * @example functions.http('alien', createPushHandler())
 */
export function createPushHandler(options: PushOptions = {}): PushHandler {
  const runtime = createHandlerRuntime('cloud-run', runtimeSettings(options))
  const check = pushTokenCheck(options)
  const remainingMs = Math.min(options.ackDeadlineMs ?? MAX_ACK_DEADLINE_MS, MAX_ACK_DEADLINE_MS)
  return (request, response) => {
    void statusFor(request, check, runtime, remainingMs).then((status) => {
      response.writeHead(status).end()
    })
  }
}

/** Serves on `PORT`, as Cloud Run asks for. The server ends when it is closed. */
export function startPushServer(options: PushOptions = {}): Server {
  return createServer(createPushHandler(options)).listen(Number(process.env['PORT'] ?? 8080))
}

async function statusFor(
  request: IncomingMessage & { body?: unknown },
  check: CheckPushToken,
  runtime: HandlerRuntime,
  remainingMs: number,
): Promise<number> {
  if (request.method !== 'POST') return 405
  try {
    await check(request.headers.authorization)
    const end = await runtime.deliver(dataOf(request.body ?? (await jsonBody(request))), remainingMs)
    if (isDone(end)) return 204
    return end.kind === 'refused' ? 400 : 503
  } catch (thrown) {
    const error = CommandError.from(thrown)
    runtimeLog({}).warn(`a push was not taken: ${error.message}`)
    return error.code === 'unauthenticated' ? 401 : error.code === 'payload_too_large' ? 413 : 400
  }
}

/** What was published, out of what Pub/Sub wraps it in. */
function dataOf(body: unknown): Uint8Array {
  const message = isPlainObject(body) ? body['message'] : undefined
  const data = isPlainObject(message) ? message['data'] : undefined
  if (typeof data === 'string') return Buffer.from(data, 'base64')
  throw new CommandError('invalid_request', 'the body is no wrapped Pub/Sub message with data')
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) {
      throw new CommandError('payload_too_large', `the body is over ${MAX_BODY_BYTES} bytes, which Pub/Sub never sends`)
    }
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch (error) {
    throw new CommandError('invalid_request', 'the body is no JSON', { cause: error })
  }
}
