/** A link that can be cut: a TCP proxy before the control plane, for an agent whose network is bad. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform, type TransformCallback } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { listening, portOf } from './listening.js'

/**
 * - `refuse`: connections are reset, and new ones too, as when nobody listens
 * - `hang`: nothing arrives in either direction, and nobody is told
 * - `hang-up`: what the agent sends does not arrive; `hang-down`: what it is sent does not
 * - `slow`: everything arrives, {@link SLOW_MS} later
 */
export type Cut = 'refuse' | 'hang' | 'hang-up' | 'hang-down' | 'slow'

const SLOW_MS = 2_000

interface Pair {
  readonly agent: Socket
  readonly target: Socket
  readonly up: Lane
  readonly down: Lane
}

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #cut: Cut | undefined

  private constructor(targetPort: number) {
    // Else small frames wait for the other end's acknowledgement of the last, 40 ms, as they do on no other road.
    this.#server = createServer({ noDelay: true }, (agent) => this.#accept(agent, targetPort))
  }

  static async before(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(Number(new URL(url).port))
    await listening(proxy.#server)
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`
  }

  cut(how: Cut): void {
    this.#cut = how
    for (const pair of this.#pairs) this.#apply(pair)
  }

  /** As a network comes back: what hung arrives. */
  restore(): void {
    this.#cut = undefined
    for (const pair of this.#pairs) this.#apply(pair)
  }

  #accept(agent: Socket, targetPort: number): void {
    const target = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    const pair = { agent, target, up: new Lane(), down: new Lane() }
    this.#pairs.add(pair)
    pair.up.pipe(target)
    pair.down.pipe(agent)
    for (const socket of [agent, target]) {
      const other = socket === agent ? target : agent
      socket.on('error', () => undefined)
      socket.on('close', () => {
        other.destroy()
        this.#pairs.delete(pair)
      })
    }
    this.#apply(pair)
  }

  #apply({ agent, target, up, down }: Pair): void {
    const cut = this.#cut
    if (cut === 'refuse') {
      agent.resetAndDestroy()
      return
    }
    up.delayMs = down.delayMs = cut === 'slow' ? SLOW_MS : 0
    flow(agent, up, cut !== 'hang' && cut !== 'hang-up')
    flow(target, down, cut !== 'hang' && cut !== 'hang-down')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { agent, target } of this.#pairs) for (const socket of [agent, target]) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** What is not read stays in the sender's own buffers, and later goes on where it was. */
function flow(from: Socket, to: Lane, flows: boolean): void {
  from.unpipe(to)
  if (flows) from.pipe(to)
  else from.pause()
}

/** One direction of a connection: in order, however the delay changes. */
class Lane extends Transform {
  delayMs = 0
  #tail: Promise<unknown> = Promise.resolve()

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#later(() => this.push(chunk))
    done()
  }

  override _flush(done: TransformCallback): void {
    this.#later(done)
  }

  #later(act: () => void): void {
    const dueMs = performance.now() + this.delayMs
    this.#tail = this.#tail.then(() => untilMs(dueMs)).then(act)
  }
}

const untilMs = (dueMs: number): Promise<void> | undefined => {
  const waitMs = dueMs - performance.now()
  return waitMs > 0 ? delay(waitMs) : undefined
}
