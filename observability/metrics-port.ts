/** The port where Prometheus gets metrics, and orchestrators ask how the process is. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CommandError } from '../protocol/errors.js'
import type { MetricsAddress } from './settings.js'

/**
 * @param routes by path; each is a GET
 * @throws {CommandError} `unavailable` when the port is in use: what holds it may be about to end, as an agent that this one replaces
 */
export async function listenForPrometheus(
  { host, port }: MetricsAddress,
  routes: Readonly<Record<string, RequestListener>>,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    const route = request.method === 'GET' && Object.hasOwn(routes, path) ? routes[path] : undefined
    if (route === undefined) response.writeHead(404).end()
    else route(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, { host, port })))
    server.listen({ host, port }, resolve)
  })
  // Being asked is no reason to go on.
  server.unref()
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listenError(error: NodeJS.ErrnoException, { host, port }: MetricsAddress): Error {
  if (error.code !== 'EADDRINUSE') return error
  const message = `port ${port} of ${host} is already in use; stop what holds it, or choose another for metrics with --metrics-port`
  return new CommandError('unavailable', message, { cause: error })
}
