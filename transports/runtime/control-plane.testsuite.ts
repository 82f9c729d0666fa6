/**
 * The part of a control plane that runtimes speak to, for tests: checks each body as a real one does and the token by its text,
 * records the first response of an invocation and calls later ones late. What it does not model: who may have a token.
 */
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import type { z } from 'zod'
import { MemoryStorage } from '../../bindings/storage/memory-storage.js'
import { Storage } from '../../bindings/storage/storage.js'
import {
  attemptHeartbeatSchema,
  attemptResponseSchema,
  heartbeatPath,
  responsePath,
  type AttemptResponse,
  type HeartbeatAnswer,
} from '../../protocol/attempt-response.js'
import { fetchThroughProxy } from '../../client/fetch-through-proxy.js'
import type { Envelope } from '../../protocol/envelope.js'
import { CommandError } from '../../protocol/errors.js'
import { responseJson } from '../../protocol/readable-response.js'
import type { CommandDefinition, CommandOptions, Handler } from '../../sdk/command.js'
import { CommandRegistry } from '../../sdk/registry.js'
import { listening } from '../../tests/support/listening.js'
import type { RuntimeSettings } from './runtime-settings.js'

const TOKEN = 'rsp_good'

type Response = z.output<typeof attemptResponseSchema>
type Heartbeat = z.output<typeof attemptHeartbeatSchema>

export class TestControlPlane {
  readonly responses: Response[] = []
  readonly heartbeats: Heartbeat[] = []
  /** Paths of every request, those that were refused included. */
  readonly requests: string[] = []
  answer: HeartbeatAnswer = { cancelRequested: false, final: false }
  /** While it is `true` every request is answered 503. */
  isDown = false
  /** The next responses that are put are answered so, in this order, as by a proxy before it. */
  readonly proxyStatuses: number[] = []
  /** While it is `true` it has seen so many wrong tokens that it looks at no more of them. */
  hasSeenTooMany = false
  url = ''
  readonly #waiting: (() => void)[] = []
  readonly #byPath = new Map<string, Response>()

  /** @param atEnd Default: with the test. */
  static async start(atEnd: (close: () => void) => void = onTestFinished): Promise<TestControlPlane> {
    const plane = new TestControlPlane()
    const server = createServer((request, response) => {
      void plane.#respond(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json', location: 'http://127.0.0.1:1/' })
        response.end(JSON.stringify(body))
        for (const tell of plane.#waiting.splice(0)) tell()
      })
    })
    plane.url = `http://127.0.0.1:${await listening(server)}`
    atEnd(() => {
      server.closeAllConnections()
      server.close()
    })
    return plane
  }

  /** What an invocation came to; waits for it. */
  async responseOf({ invocationId }: Envelope): Promise<Response | undefined> {
    const path = responsePath(invocationId)
    await this.until(() => this.#byPath.has(path))
    return this.#byPath.get(path)
  }

  /** Until a request was answered that makes it true. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  async #respond(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const path = request.url ?? ''
    this.requests.push(path)
    const body: unknown = JSON.parse(await text(request))
    const proxyStatus = path.endsWith('/response') ? this.proxyStatuses.shift() : undefined
    if (proxyStatus !== undefined) return { status: proxyStatus, body: null }
    if (this.isDown) return { status: 503, body: { error: { code: 'unavailable', message: 'down' } } }
    if (path.startsWith('/redirect/')) return { status: 302, body: null }
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      const [status, code] = this.hasSeenTooMany ? [429, 'rate_limited'] : [401, 'unauthenticated']
      return { status, body: { error: { code, message: 'the token is not good' } } }
    }
    if (path.endsWith('/heartbeat')) {
      this.heartbeats.push(attemptHeartbeatSchema.parse(body))
      return { status: 200, body: this.answer }
    }
    const response = attemptResponseSchema.parse(body)
    try {
      responseJson(response as AttemptResponse)
    } catch (error) {
      return { status: 400, body: { error: CommandError.from(error).toBody() } }
    }
    const isLate = this.#byPath.has(path)
    if (!isLate) this.#byPath.set(path, response)
    this.responses.push(response)
    return { status: 200, body: isLate ? { recorded: false, reason: 'late' } : { recorded: true } }
  }
}

interface EnvelopeOptions {
  readonly command?: string
  readonly params?: Envelope['params']
  readonly attempt?: Partial<Envelope['attempt']>
  readonly response?: Partial<Envelope['response']>
  readonly deployment?: Envelope['deployment']
  readonly sentAt?: string
  /** Makes it another invocation. */
  readonly unique?: string
}

/** As the vendor's side makes it for a control plane at `url`. */
export function testEnvelope(url: string, options: EnvelopeOptions = {}): Envelope {
  const { command = 'report', params = {}, attempt, response, unique = '0123456789abcdef' } = options
  const invocationId = `inv_${command}_${unique}`
  return {
    version: 1,
    invocationId,
    workflowRunId: `run-${unique}`,
    deployment: options.deployment ?? { id: 'dep_1', name: 'acme-corp' },
    command,
    params,
    attempt: {
      attempt: 1,
      run: 1,
      deliveredBefore: 0,
      atMostOnce: false,
      timeoutMs: null,
      exposeStack: false,
      ...attempt,
    },
    sentAt: options.sentAt ?? new Date().toISOString(),
    response: {
      url: url + responsePath(invocationId),
      heartbeatUrl: url + heartbeatPath(invocationId),
      token: TOKEN,
      expiresAt: new Date(Date.now() + 60_000).toISOString(),
      ...response,
    },
  }
}

/** A runtime's settings, with one command, `report`. */
export function testSettings(
  { url }: Pick<TestControlPlane, 'url'>,
  handler: Handler,
  { options = {}, runsStorage }: { options?: CommandOptions; runsStorage?: Storage } = {},
): RuntimeSettings {
  const report: CommandDefinition = { name: 'report', options, handler }
  const registry = new CommandRegistry([report])
  return {
    controlPlane: new URL(url),
    fetch: fetchThroughProxy(url) ?? fetch,
    deployment: 'acme-corp',
    runsStorage,
    registry,
  }
}

/** One that the instances of a function share. */
export function sharedStorage(): Storage {
  const backend = new MemoryStorage({ name: 'runs' })
  return new Storage('runs', () => Promise.resolve(backend))
}
