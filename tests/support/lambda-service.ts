/**
 * What the Lambda service does for a caller, as far as the sender sees it: takes an invocation on (202), or answers with
 * what the function does. Which status and error it has is for the test to say. Signatures are not checked.
 */
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { listening } from './listening.js'
import type { Envelope } from '../../protocol/envelope.js'

export interface Invoked {
  readonly functionArn: string
  readonly type: string
  readonly envelope: Envelope
  /** Whose key signed the call. */
  readonly accessKeyId: string
  /** Of credentials that are for a while. */
  readonly sessionToken: string | undefined
}

interface LambdaAnswer {
  readonly status: number
  /** The service's own error. */
  readonly error?: string
  /** Of the function: it broke down. */
  readonly functionError?: string
  readonly body?: unknown
  /** Instead of an answer: the connection ends. */
  readonly hangUp?: boolean
}

export interface LambdaService {
  readonly url: string
  /** What is to become of the next invocations; the last stays. Default: all are taken on. */
  answer: (invoked: Invoked) => LambdaAnswer | Promise<LambdaAnswer>
  readonly invoked: Invoked[]
  close(): Promise<void>
}

export async function startLambdaService(): Promise<LambdaService> {
  const server = createServer((request, response) => {
    void (async () => {
      const [, functionArn = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '') ?? []
      const invoked = {
        functionArn: decodeURIComponent(functionArn),
        type: String(request.headers['x-amz-invocation-type']),
        envelope: (await json(request)) as Envelope,
        accessKeyId: /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '',
        sessionToken: request.headers['x-amz-security-token']?.toString(),
      }
      service.invoked.push(invoked)
      const { status, error, functionError, body, hangUp } = await service.answer(invoked)
      if (hangUp === true) {
        request.socket.destroy()
        return
      }
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(error === undefined ? {} : { 'x-amzn-errortype': error }),
        ...(functionError === undefined ? {} : { 'x-amz-function-error': functionError }),
      })
      response.end(body === undefined ? '' : JSON.stringify(body))
    })()
  })
  const port = await listening(server)
  const service: LambdaService = {
    url: `http://127.0.0.1:${port}`,
    answer: () => ({ status: 202 }),
    invoked: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return service
}
