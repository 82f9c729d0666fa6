/**
 * The one port: HTTP/1.1 for callers, HTTP/2 for agents' gRPC. Under TLS the client's ALPN decides between them, in
 * plain text its first bytes do.
 */
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { CommandError } from '../protocol/errors.js'
import { isLoopback } from '../protocol/loopback.js'
import { startsHttp2 } from './http2-preface.js'
import { IdleConnections } from './idle-connections.js'
import { Newcomers } from './newcomers.js'
import type { TlsFiles } from './tls-files.js'

export interface Listener {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** Takes no new connections and waits for the answers under way, at most `graceMs`. */
  close(graceMs: number): Promise<void>
}

export interface ListenOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly tls?: TlsFiles | undefined
  /** Allows plain text off loopback: for a network that is private, or a proxy in front that ends TLS. */
  readonly insecurePlaintext?: boolean | undefined
}

type PlaintextOptions = Pick<ListenOptions, 'host' | 'insecurePlaintext'> & { readonly tls?: object | undefined }

/** Who serves a connection, once it is known what it speaks. */
export interface Doors {
  readonly http: RequestListener
  readonly http2: (socket: Duplex) => void
}

/** Idle connections are kept longer than proxies keep theirs, so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000

/** The headers' bounds are Node's own: 16 KiB, within a minute. */
const HTTP_OPTIONS = { keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }

/**
 * @throws {CommandError} `conflict` when the port is in use, `invalid_request` when it needs more rights, when the
 *   certificate is none, or for plain text off loopback
 */
export async function listen(doors: Doors, options: ListenOptions): Promise<Listener> {
  const { host, port, tls } = options
  assertPrivate(options)
  const server = tls === undefined ? createServer(HTTP_OPTIONS) : await secureServer(tls)
  server.on('request', doors.http)
  divide(server, tls === undefined ? 'connection' : 'secureConnection', doors)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  let draining = false
  server.on('request', (_request, response) => {
    // Kept alive after its last answer, a connection would hold up the drain.
    response.once('close', () => setImmediate(() => draining && server.closeIdleConnections()))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port)))
    server.listen({ host, port }, resolve)
  })
  return {
    host,
    port: (server.address() as AddressInfo).port,
    secure: tls !== undefined,
    close: async (graceMs) => {
      draining = true
      tls?.close()
      await drain(server, sockets, graceMs)
    },
  }
}

/** A client that dials has a handshake to make, and nothing to wait for; Node's own bound is two minutes. */
const HANDSHAKE_MS = 10_000

async function secureServer(tls: TlsFiles): Promise<Server> {
  // In this order: curl and browsers offer both and must get HTTP/1.1, gRPC clients offer h2 only.
  const server = createTlsServer({
    ...HTTP_OPTIONS,
    ...(await tls.read()),
    ALPNProtocols: ['http/1.1', 'h2'],
    handshakeTimeout: HANDSHAKE_MS,
  })
  tls.onRenewed((renewed) => server.setSecureContext(renewed))
  return server
}

/** Node's own listener gets what is HTTP/1.1, and only that. */
function divide(server: Server, event: 'connection' | 'secureConnection', doors: Doors): void {
  const [http1] = server.listeners(event) as ((this: Server, socket: Socket) => void)[]
  if (http1 === undefined) throw new Error(`Node's HTTP server has no listener for "${event}"`)
  const newcomers = new Newcomers()
  const idle = new IdleConnections()
  const http2 = (socket: Socket): void => {
    newcomers.settle(socket)
    // As HTTP/1.1 servers have it, a client that is gone would look like one that has no more to say.
    socket.allowHalfOpen = false
    doors.http2(socket)
  }
  const enter = (socket: Socket, isHttp2: boolean): void => {
    if (isHttp2) http2(socket)
    else http1.call(server, socket)
  }
  server.on('request', ({ socket }, response) => {
    newcomers.settle(socket)
    idle.busy(socket)
    response.once('close', () => idle.idle(socket))
  })
  server.removeAllListeners(event)
  server.on('connection', (socket: Socket) => newcomers.admit(socket))
  server.on(event, (socket: Socket) => {
    if (socket instanceof TLSSocket) enter(socket, socket.alpnProtocol === 'h2')
    else startsHttp2(socket, (isHttp2) => enter(socket, isHttp2))
  })
}

/** @throws {CommandError} `invalid_request` for plain text off loopback that nobody asked for */
export function assertPrivate({ host, tls, insecurePlaintext = false }: PlaintextOptions): void {
  if (tls !== undefined || insecurePlaintext || isLoopback(host)) return
  throw new CommandError(
    'invalid_request',
    `plain text on ${host} would show tokens to the network; give --tls-cert and --tls-key, or --insecure-plaintext when a proxy in front ends TLS`,
  )
}

function listenError(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === 'EADDRINUSE') {
    return new CommandError(
      'conflict',
      `port ${port} is already in use; stop what holds it, or choose another with --port`,
      { cause: error },
    )
  }
  if (error.code === 'EACCES') {
    return new CommandError(
      'invalid_request',
      `port ${port} needs more rights than this user has; choose one above 1023 with --port`,
      { cause: error },
    )
  }
  return error
}

async function drain(server: Server, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  // A client that does not close its end would have us wait for it, also where HTTP/2 has been ended.
  const force = setTimeout(() => sockets.forEach((socket) => socket.destroy()), graceMs)
  await closed
  clearTimeout(force)
}
