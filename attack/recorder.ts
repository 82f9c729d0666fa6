/**
 * Stands between the control plane and Temporal, passes every call on as it is, and keeps what passed: what "reaches
 * Temporal" is read off here, and not believed from the answer an attacker got.
 */
import {
  connect,
  constants,
  createServer,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { listening } from '../tests/support/listening.js'

export interface RecordedCall {
  /** gRPC path. */
  readonly path: string
  /** The vendor worker speaks with the SDK's native core, the API and the gateway with grpc-js. */
  readonly caller: 'vendor worker' | 'control plane'
  /** First message of the request; empty until it came. */
  readonly request: Buffer
  /** First message of the answer; empty when there was none. */
  readonly answer: Buffer
}

export interface Recorder {
  /** `host:port`. */
  readonly address: string
  /** All calls so far, in the order of their arrival. */
  readonly calls: readonly RecordedCall[]
  close(): void
}

/** @param upstream `host:port` of Temporal */
export async function startRecorder(upstream: string): Promise<Recorder> {
  const calls: RecordedCall[] = []
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer({ settings: { initialWindowSize: 1 << 20 }, maxSessionMemory: 200 })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session)).on('error', () => undefined)
    const next = upstreamOf(upstream, session)
    session.on('stream', (stream, headers) => calls.push(pass(stream, headers, next())))
  })
  const port = await listening(server)
  return {
    address: `127.0.0.1:${port}`,
    calls,
    close: () => {
      server.close()
      for (const session of sessions) session.destroy()
    },
  }
}

/** One connection to Temporal for each of ours, and another once Temporal asks for it. */
function upstreamOf(address: string, session: ServerHttp2Session): () => ClientHttp2Session {
  let current: ClientHttp2Session | undefined
  session.on('close', () => current?.destroy())
  return () => {
    if (current !== undefined && !current.closed && !current.destroyed) return current
    const opened = connect(`http://${address}`, { maxSessionMemory: 200 })
    const forget = (): void => {
      if (current === opened) current = undefined
    }
    opened.on('goaway', forget).on('close', forget).on('error', forget)
    current = opened
    return opened
  }
}

/** What each connection says of itself. */
const OWN: ReadonlySet<string> = new Set([':scheme', ':authority'])

function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, session: ClientHttp2Session): RecordedCall {
  const request: Buffer[] = []
  const answer: Buffer[] = []
  let trailers: IncomingHttpHeaders = {}
  const up = session.request(Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.has(name))))
  stream.on('data', (chunk: Buffer) => {
    request.push(chunk)
    up.write(chunk)
  })
  stream.on('end', () => up.end()).on('error', () => undefined)
  stream.on('close', () => up.close(stream.rstCode === 0 ? constants.NGHTTP2_NO_ERROR : stream.rstCode))
  up.on('response', (answered, flags) => {
    if (stream.destroyed) return
    const only = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    stream.respond(answered, only ? { endStream: true } : { waitForTrailers: true })
  })
  up.on('trailers', (sent: IncomingHttpHeaders) => {
    trailers = sent
  })
  up.on('data', (chunk: Buffer) => {
    answer.push(chunk)
    stream.write(chunk)
  })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  up.on('end', () => stream.end()).on('error', () => stream.destroy())
  up.on('close', () => {
    if (!stream.closed && up.rstCode !== 0) stream.close(up.rstCode)
  })
  return {
    path: headers[':path'] ?? '',
    caller: headers['user-agent']?.includes('grpc-node-js') === true ? 'control plane' : 'vendor worker',
    get request() {
      return firstMessage(request)
    },
    get answer() {
      return firstMessage(answer)
    },
  }
}

const PREFIX_BYTES = 5

function firstMessage(chunks: readonly Buffer[]): Buffer {
  const frame = Buffer.concat(chunks)
  return frame.length < PREFIX_BYTES
    ? Buffer.alloc(0)
    : frame.subarray(PREFIX_BYTES, PREFIX_BYTES + frame.readUInt32BE(1))
}
