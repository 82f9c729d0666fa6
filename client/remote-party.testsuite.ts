/** A control plane for the client's tests: a real HTTP server that answers as the test says, and keeps what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Invocation } from '../protocol/invocation.js'
import { servedInTest } from '../tests/support/served-in-test.js'

interface ReceivedRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly authorization: string | undefined
  readonly contentType: string | undefined
  readonly body: unknown
}

type Answer = (response: ServerResponse) => unknown

export interface RemoteParty {
  readonly url: string
  /** In the order they came. */
  readonly requests: readonly ReceivedRequest[]
}

/** Answers the first request with the first answer, and so on; the last answer is for all that follow. */
export async function remoteParty(...answers: readonly [Answer, ...Answer[]]): Promise<RemoteParty> {
  const requests: ReceivedRequest[] = []
  const server = createServer((request, response) => {
    void receive(request).then((received) => {
      requests.push(received)
      const answer = answers[Math.min(requests.length, answers.length) - 1]
      return answer?.(response)
    })
  })
  return { url: await servedInTest(server), requests }
}

async function receive(request: IncomingMessage): Promise<ReceivedRequest> {
  const body = await text(request)
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    authorization: request.headers.authorization,
    contentType: request.headers['content-type'],
    body: body === '' ? undefined : JSON.parse(body),
  }
}

export const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

export const html =
  (status: number, body: string): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'text/html' }).end(body)

/** Takes the request, and the connection breaks before the answer. */
export const cut: Answer = (response) => response.destroy()

/** The connection breaks in the middle of the answer. */
export const cutInAnswer: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
  response.write('{"status":', () => response.destroy())
}

/** Takes the request and holds it; `onHeld` is told. */
export const hold =
  (onHeld: () => void = () => undefined): Answer =>
  () =>
    onHeld()

/** What the API says of an invocation. */
export const invocation = (changes: Partial<Invocation> = {}): Invocation => ({
  id: 'inv_generate-report_0123456789abcdef',
  deployment: { id: 'dep_1', name: 'acme-corp' },
  command: 'generate-report',
  status: 'succeeded',
  links: {},
  ...changes,
})
