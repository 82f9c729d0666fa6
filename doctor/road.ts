/** The way from this machine to the control plane, or to Temporal: straight, or through a proxy. */
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'

const CONNECT_TIMEOUT_MS = 5_000

/** The proxy answered, and not with a tunnel. */
export class TunnelRefused extends Error {
  readonly status: number

  constructor(status: number, target: string) {
    super(`it answered ${status} to CONNECT ${target}`)
    this.status = status
  }
}

/** What TLS goes by, beside the host's name and what Node trusts. */
export type RoadTls = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername'>

export class Road {
  readonly url: URL
  readonly host: string
  readonly port: number
  readonly proxy: URL | undefined
  readonly #tls: RoadTls

  /** @param proxy `undefined`: straight */
  constructor(url: URL, { proxy, tls = {} }: { readonly proxy: URL | undefined; readonly tls?: RoadTls }) {
    this.url = url
    this.host = withoutBrackets(url.hostname)
    this.port = Number(url.port) || (this.isTls ? 443 : 80)
    this.proxy = proxy
    this.#tls = tls
  }

  get isTls(): boolean {
    return this.url.protocol === 'https:'
  }

  get target(): string {
    return `${this.url.hostname}:${this.port}`
  }

  /** To the port. @throws {TunnelRefused} by the proxy; system errors; `ETIMEDOUT` after 5 s */
  reach(): Promise<Duplex> {
    return this.proxy === undefined ? this.#dial() : this.#tunnel(this.proxy)
  }

  /** A connection that speaks `protocol` next. With TLS, its certificate is verified. */
  async open(protocol: 'http/1.1' | 'h2'): Promise<Duplex> {
    return this.isTls ? this.secure({ protocol, verify: true }) : this.reach()
  }

  /** @throws what OpenSSL says, among it `CERT_HAS_EXPIRED` and the like when `verify` is asked for */
  async secure({ protocol, verify }: { protocol: 'http/1.1' | 'h2'; verify: boolean }): Promise<TLSSocket> {
    const socket = connectTls({
      socket: await this.reach(),
      // An address is no name to ask for, but is checked against the certificate all the same.
      ...(/^[\d.]+$|:/.test(this.host) ? { host: this.host } : { servername: this.host }),
      ALPNProtocols: [protocol],
      rejectUnauthorized: verify,
      ...this.#tls,
    })
    await this.#inTime(once(socket, 'secureConnect'), socket, 'no answer to the TLS handshake')
    return socket
  }

  async #dial(): Promise<Socket> {
    const socket = connect({ host: this.host, port: this.port })
    await this.#inTime(once(socket, 'connect'), socket, `no answer from ${this.target}`)
    return socket
  }

  async #tunnel(proxy: URL): Promise<Duplex> {
    const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
      host: withoutBrackets(proxy.hostname),
      port: proxy.port,
      method: 'CONNECT',
      path: this.target,
      headers: { host: this.target, ...authorization(proxy) },
      timeout: CONNECT_TIMEOUT_MS,
    })
    request.on('timeout', () => request.destroy(timedOut(`no answer from the proxy at ${proxy.host}`)))
    request.end()
    // A proxy that does not tunnel may also answer as if it were asked for a page.
    const [answer, socket] = (await Promise.race([once(request, 'connect'), once(request, 'response')])) as [
      { statusCode: number },
      Duplex?,
    ]
    if (answer.statusCode === 200 && socket !== undefined) return socket
    request.destroy()
    throw new TunnelRefused(answer.statusCode, this.target)
  }

  async #inTime(event: Promise<unknown>, socket: Socket, problem: string): Promise<void> {
    const timer = setTimeout(() => socket.destroy(timedOut(problem)), CONNECT_TIMEOUT_MS)
    try {
      await event
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Of an IPv6 address in a URL. */
const withoutBrackets = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

const timedOut = (problem: string): Error =>
  Object.assign(new Error(`${problem} within ${CONNECT_TIMEOUT_MS / 1_000} s`), { code: 'ETIMEDOUT' })

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '') return {}
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }
}
