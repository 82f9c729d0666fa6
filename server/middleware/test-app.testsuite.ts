/** A real Express app around the middleware under test, with its log in memory. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import { errorBody, notFound } from './errors.js'
import { requestId } from './request-id.js'

interface TestApp {
  readonly url: string
  /** What was logged, line by line. */
  readonly logged: readonly Record<string, unknown>[]
}

export async function testApp(addRoutes: (app: Express) => void): Promise<TestApp> {
  const logged: Record<string, unknown>[] = []
  const log = pino({}, { write: (line) => void logged.push(JSON.parse(line) as Record<string, unknown>) })
  const app = express().use(requestId)
  addRoutes(app)
  app.use(notFound, errorBody(log))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, logged }
}
