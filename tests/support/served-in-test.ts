/** A server of one test. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { onTestFinished } from 'vitest'
import { listening } from './listening.js'

/** Its URL, good until the test has ended. */
export async function servedInTest(server: Server): Promise<string> {
  const port = await listening(server)
  onTestFinished(async () => {
    const closed = once(server, 'close')
    server.closeAllConnections()
    server.close()
    await closed
  })
  return `http://127.0.0.1:${port}`
}
