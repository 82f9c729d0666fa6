/** One address before several control planes: a load balancer that gives each new connection to the next one that takes it. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { listening, portOf } from './listening.js'

export class RoundRobin implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #ports: readonly number[] = []
  #turn = 0

  private constructor() {
    this.#server = createServer((client) => {
      this.#keep(client)
      this.#turn += 1
      const from = this.#turn % Math.max(1, this.#ports.length)
      this.#hand(client, [...this.#ports.slice(from), ...this.#ports.slice(0, from)])
    })
  }

  static async listen(): Promise<RoundRobin> {
    const balancer = new RoundRobin()
    await listening(balancer.#server)
    return balancer
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`
  }

  add(port: number): void {
    this.#ports = [...this.#ports, port]
  }

  /** It gets no new connections; those it has go on. */
  remove(port: number): void {
    this.#ports = this.#ports.filter((other) => other !== port)
  }

  /** To the first that takes it: nothing was sent yet, so whoever is gone costs the client nothing. */
  #hand(client: Socket, [port, ...others]: readonly number[]): void {
    if (port === undefined) {
      client.resetAndDestroy()
      return
    }
    const target = connect(port, '127.0.0.1')
    this.#keep(target)
    let isTaken = false
    target.once('connect', () => {
      isTaken = true
      client.pipe(target).pipe(client)
      client.once('close', () => target.destroy())
    })
    target.once('close', () => {
      if (isTaken) client.destroy()
      else this.#hand(client, others)
    })
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
