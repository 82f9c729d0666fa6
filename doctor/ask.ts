/** One request over the road, by HTTP/1.1 or as gRPC over HTTP/2. */
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2'
import { text } from 'node:stream/consumers'
import { isPlainObject } from '../protocol/json.js'
import type { Road } from './road.js'

const ANSWER_TIMEOUT_MS = 10_000

export interface Answer {
  readonly status: number
  /** The parsed body, `undefined` when it is not JSON. */
  readonly body: unknown
  /** The server's clock, by its `date` header. */
  readonly date: Date | undefined
}

export interface Question {
  /** Below the URL's own. */
  readonly path: string
  readonly token?: string
  /** Is posted. */
  readonly body?: object
  /** How long the server may take on purpose. */
  readonly holdMs?: number
}

export async function ask(road: Road, { path, token, body, holdMs = 0 }: Question): Promise<Answer> {
  const socket = await road.open('http/1.1')
  try {
    const request = httpRequest({
      createConnection: () => socket,
      host: road.host,
      port: road.port,
      path: road.url.pathname.replace(/\/+$/, '') + path,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        connection: 'close',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS + holdMs),
    }).end(body === undefined ? undefined : JSON.stringify(body))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const said = await text(response)
    const { date } = response.headers
    return {
      status: response.statusCode ?? 0,
      body: parsed(said),
      date: date === undefined ? undefined : new Date(date),
    }
  } finally {
    socket.destroy()
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown
  } catch {
    return undefined
  }
}

/** The message of the control plane's error body. */
export function errorMessage({ status, body }: Answer): string {
  const error = isPlainObject(body) && isPlainObject(body['error']) ? body['error'] : {}
  return typeof error['message'] === 'string' ? error['message'] : `${status}, without a reason`
}

export interface GrpcAnswer {
  /** gRPC's status, `undefined` when what answered does not speak gRPC. */
  readonly status: number | undefined
  readonly message: string
}

/** A call of Temporal's that asks nothing. An empty message is five bytes: not compressed, of length 0. */
const EMPTY_MESSAGE = Buffer.alloc(5)
const GET_SYSTEM_INFO = '/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo'

export async function callGateway(road: Road, token: string): Promise<GrpcAnswer> {
  const socket = await road.open('h2')
  const session = connectHttp2(road.url.origin, { createConnection: () => socket })
  try {
    return await Promise.race([failureOf(session), answerOf(session.request(headers(token)))])
  } finally {
    session.destroy()
    socket.destroy()
  }
}

async function failureOf(session: ClientHttp2Session): Promise<never> {
  const [error] = (await once(session, 'error')) as [Error]
  throw error
}

const headers = (token: string) => ({
  ':method': 'POST',
  ':path': GET_SYSTEM_INFO,
  'content-type': 'application/grpc',
  te: 'trailers',
  authorization: `Bearer ${token}`,
})

async function answerOf(stream: ClientHttp2Stream): Promise<GrpcAnswer> {
  stream.setTimeout(ANSWER_TIMEOUT_MS, () =>
    stream.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1_000} s`)),
  )
  let told: IncomingHttpHeaders = {}
  stream.on('response', (headers: IncomingHttpHeaders) => (told = { ...told, ...headers }))
  stream.on('trailers', (trailers: IncomingHttpHeaders) => (told = { ...told, ...trailers }))
  stream.end(EMPTY_MESSAGE)
  stream.resume()
  await once(stream, 'end')
  const status = told['grpc-status']
  return {
    status: status === undefined ? undefined : Number(status),
    message: decodeURIComponent(String(told['grpc-message'] ?? '')),
  }
}
