/** Stands before a store, and does what networks and other clients do at the worst moment. */
import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import { servedInTest } from '../../tests/support/served-in-test.js'

export interface Meddling {
  /** Before a request is passed on; gives a status to answer it with, in the store's place. */
  readonly before?: (asked: IncomingMessage) => Promise<number | undefined>
  /** Whether the good answer to this request never arrives. */
  readonly loses?: (asked: IncomingMessage) => boolean
}

/** Gives its own address, good until the test has ended. */
export async function meddlingProxy(endpoint: string, { before, loses }: Meddling): Promise<string> {
  const { hostname, port } = new URL(endpoint)
  const server = createServer((asked, answer) => {
    void (async () => {
      const status = await before?.(asked)
      if (status !== undefined) {
        asked.resume()
        answer.writeHead(status).end()
        return
      }
      const passed = request({ hostname, port, method: asked.method, path: asked.url, headers: asked.headers })
      asked.pipe(passed)
      const [answered] = (await once(passed, 'response')) as [IncomingMessage]
      const { statusCode = 500 } = answered
      if (statusCode < 300 && loses?.(asked) === true) {
        answered.resume()
        asked.socket.destroy()
        return
      }
      answer.writeHead(statusCode, answered.headers)
      answered.pipe(answer)
    })()
  })
  return servedInTest(server)
}
