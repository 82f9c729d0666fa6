import { createServer } from 'node:net'

const HOST = '127.0.0.1'

/** A TCP port of loopback that was free a moment ago. Another process may take it first: be ready to try again. */
export const freePort = (): Promise<number> => bindOnce(0)

/** Whether nothing listens on `port` of loopback. */
export const isPortFree = async (port: number): Promise<boolean> => {
  try {
    await bindOnce(port)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false
    throw error
  }
}

const bindOnce = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(port, HOST, () => {
      const address = server.address()
      const bound = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => resolve(bound))
    })
  })
