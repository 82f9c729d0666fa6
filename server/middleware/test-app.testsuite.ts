/** A real Express app around the middleware under test, with its log in memory. */
import { createServer } from 'node:http'
import express, { type Express } from 'express'
import pino from 'pino'
import { servedInTest } from '../../tests/support/served-in-test.js'
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
  return { url: await servedInTest(createServer(app)), logged }
}
