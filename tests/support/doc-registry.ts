/** npm's registry, as far as publishing a package and getting it again takes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { listening, portOf } from './listening.js'

/** What `npm publish` sends. */
interface Published {
  readonly name: string
  readonly versions: Readonly<Record<string, { readonly dist: { readonly tarball: string } }>>
  readonly _attachments: Readonly<Record<string, { readonly data: string }>>
}

export class NpmRegistry implements AsyncDisposable {
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  readonly #published = new Map<string, Published>()

  static async open(): Promise<NpmRegistry> {
    const registry = new NpmRegistry()
    await listening(registry.#server)
    return registry
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}/`
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(request.url ?? '').slice(1)
    if (request.method === 'PUT') {
      if (!request.headers.authorization) return void response.writeHead(401).end()
      this.#published.set(path, (await json(request)) as Published)
      return void response.writeHead(201).end('{}')
    }
    const [name = '', file] = path.split('/-/')
    const found = this.#published.get(name)
    if (found === undefined) return void response.writeHead(404).end('{}')
    const data = Object.entries(found._attachments).find(([attached]) => attached.endsWith(String(file)))?.[1].data
    if (file !== undefined) return void response.end(Buffer.from(data ?? '', 'base64'))
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((closed) => this.#server.close(closed))
  }
}
