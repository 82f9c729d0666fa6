/** A link that can be cut: a TCP proxy before the control plane, for an agent whose network is bad. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/**
 * - `refuse`: connections are reset, and new ones too, as when nobody listens
 * - `hang`: nothing arrives in either direction, and nobody is told
 * - `hang-up`: what the agent sends does not arrive; `hang-down`: what it is sent does not
 */
export type Cut = 'refuse' | 'hang' | 'hang-up' | 'hang-down'

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #pairs = new Set<readonly [agent: Socket, target: Socket]>()
  #cut: Cut | undefined

  private constructor(targetPort: number) {
    this.#server = createServer((agent) => this.#accept(agent, targetPort))
  }

  static async before(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(Number(new URL(url).port))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
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
    const target = connect(targetPort, '127.0.0.1')
    const pair = [agent, target] as const
    this.#pairs.add(pair)
    for (const socket of pair) {
      const other = socket === agent ? target : agent
      socket.on('error', () => undefined)
      socket.on('close', () => {
        other.destroy()
        this.#pairs.delete(pair)
      })
      socket.pipe(other)
    }
    this.#apply(pair)
  }

  #apply([agent, target]: readonly [Socket, Socket]): void {
    if (this.#cut === 'refuse') {
      agent.resetAndDestroy()
      return
    }
    flow(agent, target, this.#cut !== 'hang' && this.#cut !== 'hang-up')
    flow(target, agent, this.#cut !== 'hang' && this.#cut !== 'hang-down')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** What is not read stays in the sender's own buffers, and later goes on where it was. */
function flow(from: Socket, to: Socket, flows: boolean): void {
  from.unpipe(to)
  if (flows) from.pipe(to)
  else from.pause()
}
