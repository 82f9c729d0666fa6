/**
 * The front of Temporal Cloud before a development server: ends TLS, wants an API key or a certificate of the client, and
 * has no operator service. What Cloud says to those it refuses is modelled by the status alone.
 */
import { connect, constants, createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { listening } from './listening.js'

export interface CloudOptions {
  /** `host:port` of the Temporal behind it. */
  readonly upstream: string
  readonly cert: Buffer
  readonly key: Buffer
  /** What its callers must show. */
  readonly wants: { readonly apiKey: string } | { readonly certificateOf: Buffer }
}

export interface TemporalCloud extends AsyncDisposable {
  /** `localhost:port`. */
  readonly address: string
}

const STATUS = { unauthenticated: '16', unimplemented: '12' }

export async function startTemporalCloud({ upstream, cert, key, wants }: CloudOptions): Promise<TemporalCloud> {
  const behind = connect(`http://${upstream}`)
  const mutual = 'certificateOf' in wants
  const server = createSecureServer({
    cert,
    key,
    ...(mutual ? { ca: wants.certificateOf, requestCert: true, rejectUnauthorized: true } : {}),
  })
  const sessions = new Set<{ destroy: () => void }>()
  server.on('session', (session) => {
    sessions.add(session)
    // Of a client that gives up.
    session.on('error', () => undefined)
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    const path = headers[':path'] ?? ''
    if (!mutual && headers.authorization !== `Bearer ${wants.apiKey}`) refuse(stream, STATUS.unauthenticated)
    else if (path.includes('.operatorservice.')) refuse(stream, STATUS.unimplemented)
    else passOn(stream, headers, behind)
  })
  const port = await listening(server)
  return {
    address: `localhost:${port}`,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy()
      behind.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
}

const refuse = (stream: ServerHttp2Stream, status: string): void =>
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status }, { endStream: true })

function passOn(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, behind: ReturnType<typeof connect>): void {
  const request = behind.request({ ...headers, ':authority': undefined, ':scheme': 'http' })
  let trailers: IncomingHttpHeaders = {}
  stream.pipe(request)
  stream.on('close', () => request.close(constants.NGHTTP2_CANCEL))
  request.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
  request.on('trailers', (last) => (trailers = last))
  request.on('response', (answer, flags) => {
    const isAll = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    if (stream.closed) return
    stream.respond(answer, { endStream: isAll, waitForTrailers: !isAll })
    if (isAll) return
    stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    request.pipe(stream)
  })
}
