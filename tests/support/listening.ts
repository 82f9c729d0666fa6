/** Servers of tests, each on a free port of loopback. */
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'

/** @returns its port, once it listens */
export async function listening(server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host)
  await once(server, 'listening')
  return portOf(server)
}

/** Of one that listens. */
export const portOf = (server: Server): number => (server.address() as AddressInfo).port
