/**
 * A proxy that knows HTTP/2, as companies have them, and loses the agent's polls: it lets go of them toward the control
 * plane and does not tell the agent. Everything else passes, heartbeats and reports too, and so do polls of connections
 * that are made later.
 */
import { once } from 'node:events'
import {
  connect as connectHttp2,
  constants,
  createServer as createHttp2Server,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { connect, createServer, type Socket } from 'node:net'
import { listening, portOf } from './listening.js'

const HTTP2_PREFACE = 'PRI'

export class DeafProxy implements AsyncDisposable {
  readonly #target: URL
  readonly #http2 = createHttp2Server()
  readonly #server = createServer((socket) => this.#accept(socket))
  readonly #sockets = new Set<Socket>()
  readonly #deaf = new Set<Socket>()
  readonly #polls = new Map<ServerHttp2Stream, ClientHttp2Stream>()

  private constructor(target: string) {
    this.#target = new URL(target)
    this.#http2.on('session', (session) => {
      const upstream = connectHttp2(this.#target)
      upstream.on('error', () => session.destroy())
      session.on('error', () => undefined)
      session.on('close', () => upstream.destroy())
      const { socket } = session
      session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
        stream.on('error', () => undefined)
        const isPoll = String(headers[constants.HTTP2_HEADER_PATH]).endsWith('/PollActivityTaskQueue')
        if (isPoll && this.#deaf.has(this.#socketOf(socket.remotePort))) return
        const request = upstream.request(headers)
        relay(stream, request)
        if (isPoll) this.#polls.set(stream, request)
        request.on('close', () => this.#polls.delete(stream))
      })
    })
  }

  static async before(url: string): Promise<DeafProxy> {
    const proxy = new DeafProxy(url)
    await listening(proxy.#server)
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`
  }

  /** How many polls pass. */
  get polls(): number {
    return this.#polls.size
  }

  /** Loses the polls of the connections there are. */
  deafen(): void {
    for (const socket of this.#sockets) this.#deaf.add(socket)
    for (const request of this.#polls.values()) {
      request.removeAllListeners('data')
      request.unpipe()
      request.close(constants.NGHTTP2_CANCEL)
    }
    this.#polls.clear()
  }

  #socketOf(port: number | undefined): Socket {
    const found = [...this.#sockets].find((socket) => socket.remotePort === port)
    if (!found) throw new Error(`no connection from port ${String(port)}`)
    return found
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.once('data', (first) => {
      socket.pause()
      socket.unshift(first)
      if (first.toString('latin1').startsWith(HTTP2_PREFACE)) this.#http2.emit('connection', socket)
      else this.#pass(socket)
    })
  }

  #pass(socket: Socket): void {
    const upstream = connect(Number(this.#target.port), this.#target.hostname)
    this.#sockets.add(upstream)
    upstream.on('error', () => socket.destroy())
    upstream.on('close', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
    socket.pipe(upstream).pipe(socket)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** gRPC in both directions, trailers included. */
function relay(stream: ServerHttp2Stream, request: ClientHttp2Stream): void {
  let trailers: IncomingHttpHeaders = {}
  request.on('error', () => undefined)
  request.on('trailers', (received) => (trailers = received))
  request.on('response', (headers, flags) => {
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) {
      stream.respond(headers, { endStream: true })
      return
    }
    stream.respond(headers, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    request.pipe(stream)
  })
  stream.on('aborted', () => request.close(constants.NGHTTP2_CANCEL))
  stream.pipe(request)
}
