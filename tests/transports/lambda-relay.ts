/**
 * A proxy before Lambda that has the last payload of an invocation delivered once more, as Lambda itself does now and
 * then, and waits for the function, so that it is known when that is over.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Envelope } from '../../protocol/envelope.js'
import { listening, portOf } from '../support/listening.js'

interface Invoked {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload: Buffer
}

/** Account and region are in the signature. */
const PASSED_ON = ['authorization', 'x-amz-date', 'x-amz-invocation-type']

export class LambdaRelay implements AsyncDisposable {
  readonly #target: string
  readonly #server = createServer((request, response) => void this.#pass(request, response))
  readonly #last = new Map<string, Invoked>()

  private constructor(target: string) {
    this.#target = target
  }

  static async before(target: string): Promise<LambdaRelay> {
    const relay = new LambdaRelay(target)
    await listening(relay.#server)
    return relay
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`
  }

  async redeliver(invocationId: string): Promise<void> {
    const last = this.#last.get(invocationId)
    if (last === undefined) throw new Error(`nothing was delivered of ${invocationId}`)
    const headers = { ...last.headers, 'x-amz-invocation-type': 'RequestResponse' }
    await (await this.#invoke({ ...last, headers })).arrayBuffer()
  }

  #invoke({ path, headers, payload }: Invoked): Promise<Response> {
    return fetch(this.#target + path, { method: 'POST', headers, body: payload })
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const headers = Object.fromEntries(PASSED_ON.map((name) => [name, String(request.headers[name])]))
    const invoked = { path: request.url ?? '', headers, payload: await buffer(request) }
    const { invocationId } = JSON.parse(invoked.payload.toString()) as Envelope
    this.#last.set(invocationId, invoked)
    const answer = await this.#invoke(invoked)
    const functionError = answer.headers.get('x-amz-function-error')
    response.writeHead(answer.status, functionError === null ? {} : { 'x-amz-function-error': functionError })
    response.end(Buffer.from(await answer.arrayBuffer()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
