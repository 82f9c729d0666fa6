/** Listens, and drains. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CommandError } from '../protocol/errors.js'

export interface HttpServer {
  readonly host: string
  readonly port: number
  /** Takes no new connections and waits for the answers under way, at most `graceMs`. */
  close(graceMs: number): Promise<void>
}

export interface ListenOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

/** Idle connections are kept longer than proxies keep theirs, so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000

/** @throws {CommandError} `conflict` when the port is in use, `invalid_request` when it needs more rights */
export async function listen(app: RequestListener, { host, port }: ListenOptions): Promise<HttpServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, app)
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
    close: (graceMs) => {
      draining = true
      return drain(server, graceMs)
    },
  }
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

async function drain(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const force = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(force)
}
